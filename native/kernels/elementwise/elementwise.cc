#include "native/kernels/elementwise/elementwise.h"

#include <cstring>

#include "native/core/fused.h"
#include "native/core/op.h"
#include "native/core/rows.h"
#include "native/elementwise/apply_fused.h"

namespace qn {
namespace {

void copy(const View& x, const View& y, const RowTile& tile) {
  const int64_t size = element_bytes(y);
  const auto at = [&](const View& view, int64_t row) {
    return static_cast<uint8_t*>(view.data) + (row * view.stride + tile.first_column) * size;
  };
  if (x.data == y.data) return;
  if (x.stride == tile.columns && y.stride == tile.columns) {
    const size_t bytes = static_cast<size_t>(tile.rows * tile.columns * size);
    std::memcpy(at(y, tile.first_row), at(x, tile.first_row), bytes);
    return;
  }
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    std::memcpy(at(y, row), at(x, row), static_cast<size_t>(tile.columns * size));
  }
}

// One long row where nothing has gaps and no operand goes by channel or pixel.
Tiling tiling_of_call(const Call& call) {
  const View& y = call.out[0];
  for (int32_t s = 0; s < call.fused_steps; s++) {
    const FusedStep& step = call.fused[s];
    if (step.kind == OperandKind::channel || step.kind == OperandKind::strided) return tiling_of(y);
    if (step.kind == OperandKind::same && !is_dense(call.in[step.operand])) return tiling_of(y);
  }
  return tiling_of(call.in[0], y);
}

template <void (*kApply)(const Call&, const FusedTile&)>
void elementwise(const Call& call, int64_t begin, int64_t end, void*) {
  const Tiling tiling = tiling_of_call(call);
  alignas(64) float values[kTileElements];
  for (int64_t i = begin; i < end; i++) {
    const RowTile tile = tile_of(tiling, i);
    copy(call.in[0], call.out[0], tile);
    FusedTile fused{tile.first_row, tile.rows, 1, tile.first_column, tile.columns};
    if (has_real_steps(call)) fused.values = values, fused.value_distance = tile.columns;
    kApply(call, fused);
  }
}

std::string check(const Call& call) {
  if (call.in[0].dtype != call.out[0].dtype) return "input and output have different types";
  if (!same_shape(call.in[0], call.out[0])) return "input and output have different shapes";
  return {};
}

int64_t bytes(const Call& call) {
  int64_t moved = 2 * elements_of(call.out[0]);
  for (int32_t s = 0; s < call.fused_steps; s++) {
    const OperandKind kind = call.fused[s].kind;
    if (kind == OperandKind::same || kind == OperandKind::strided) moved += elements_of(call.out[0]);
  }
  return moved * element_bytes(call.out[0]);
}

// A step is an operation an element.
int64_t operations(const Call& call) { return call.fused_steps * elements_of(call.out[0]); }

int64_t items(const Call& call) { return tiles_of(tiling_of_call(call)); }

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
      .signature = "f32|u8|i32[*], ... -> f32|u8|i32[*]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .in_place_input = 0,
      .real_steps = RealSteps::of_codes,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
