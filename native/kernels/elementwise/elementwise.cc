#include "native/kernels/elementwise/elementwise.h"

#include <algorithm>
#include <cstring>

#include "native/core/fused.h"
#include "native/core/op.h"
#include "native/elementwise/apply_fused.h"

namespace qn {
namespace {

// A work item is a tile of about this many elements: it stays in the L1 cache from step to step.
constexpr int64_t kTileElements = 4096;

int64_t columns_of(const View& view) { return view.rank == 0 ? 1 : view.dim[view.rank - 1]; }

int64_t rows_of(const View& view) {
  int64_t rows = 1;
  for (int32_t d = 0; d + 1 < view.rank; d++) rows *= view.dim[d];
  return rows;
}

int64_t element_bytes(const View& view) { return view.dtype == DType::u8 ? 1 : 4; }

// Tiles of whole rows, or of parts of one row where rows are long.
struct Tiling {
  int64_t rows, columns;                    // of the tensor
  int64_t tile_rows, tile_columns, across;  // across: tiles in a row

  explicit Tiling(const View& y) : rows(rows_of(y)), columns(columns_of(y)) {
    tile_columns = std::clamp<int64_t>(columns, 1, kTileElements);
    across = (columns + tile_columns - 1) / tile_columns;
    tile_rows = kTileElements / tile_columns;
  }

  int64_t tiles() const { return (rows + tile_rows - 1) / tile_rows * across; }

  FusedTile tile(int64_t number) const {
    const int64_t row = number / across * tile_rows, column = number % across * tile_columns;
    return {row, std::min(tile_rows, rows - row), 1, column, std::min(tile_columns, columns - column)};
  }
};

void copy(const View& x, const View& y, const FusedTile& tile) {
  const int64_t size = element_bytes(y);
  const auto at = [&](const View& view, int64_t row) {
    return static_cast<uint8_t*>(view.data) + (row * view.stride + tile.first_channel) * size;
  };
  if (x.data == y.data) return;
  if (x.stride == tile.channels && y.stride == tile.channels) {
    const size_t bytes = static_cast<size_t>(tile.rows * tile.channels * size);
    std::memcpy(at(y, tile.first_row), at(x, tile.first_row), bytes);
    return;
  }
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    std::memcpy(at(y, row), at(x, row), static_cast<size_t>(tile.channels * size));
  }
}

template <void (*kApply)(const Call&, const FusedTile&)>
void elementwise(const Call& call, int64_t begin, int64_t end, void*) {
  const Tiling tiling(call.out[0]);
  for (int64_t i = begin; i < end; i++) {
    const FusedTile tile = tiling.tile(i);
    copy(call.in[0], call.out[0], tile);
    kApply(call, tile);
  }
}

std::string check(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  if (x.dtype != y.dtype) return "input and output have different types";
  if (x.rank != y.rank || !std::equal(x.dim, x.dim + x.rank, y.dim))
    return "input and output have different shapes";
  return {};
}

int64_t elements(const Call& call) { return rows_of(call.out[0]) * columns_of(call.out[0]); }

int64_t bytes(const Call& call) {
  int64_t moved = 2 * elements(call);
  for (int32_t s = 0; s < call.fused_steps; s++) {
    if (call.fused[s].kind == OperandKind::same) moved += elements(call);
  }
  return moved * element_bytes(call.out[0]);
}

// A step is an operation an element.
int64_t operations(const Call& call) { return call.fused_steps * elements(call); }

int64_t items(const Call& call) { return Tiling(call.out[0]).tiles(); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"elementwise_avx512", Isa::avx512, elementwise<apply_fused_avx512>, nullptr, items},
    {"elementwise_avx2", Isa::avx2, elementwise<apply_fused_avx2>, nullptr, items},
#endif
    {"elementwise_reference", Isa::reference, elementwise<apply_fused_reference>, nullptr, items},
};

}  // namespace

const OpSpec& elementwise_op() {
  static const OpSpec spec{
      .name = "elementwise",
      .signature = "f32|u8[*], ... -> f32|u8[*]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .in_place_input = 0,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
