#include <algorithm>
#include <cstring>

#include "native/core/rows.h"
#include "native/kernels/move/move.h"

namespace qn {
namespace {

int64_t integer(const Call& call, int attribute) { return static_cast<int64_t>(call.attribute[attribute]); }

// The element of x from which a row of y is read; false when the row is padding.
bool find_row(const Call& call, int64_t row, int64_t& from) {
  const View& y = call.out[0];
  from = integer(call, kMoveBegin);
  for (int32_t d = y.rank - 2; d >= 0; d--) {
    const int64_t i = row % y.dim[d] - integer(call, move_lo(d));
    row /= y.dim[d];
    if (i < 0 || i >= y.dim[d] - integer(call, move_lo(d)) - integer(call, move_hi(d))) return false;
    from += i * integer(call, move_step(d));
  }
  return true;
}

template <class T>
void copy_run(T* to, const T* from, int64_t step, int64_t count) {
  if (step == 1) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
  } else if (step == 0) {
    std::fill_n(to, count, *from);
  } else {
    for (int64_t i = 0; i < count; i++) to[i] = from[i * step];
  }
}

template <class T>
void move_tile(const Call& call, const RowTile& tile) {
  const View &x = call.in[0], &y = call.out[0];
  const int32_t last = y.rank - 1;
  const int64_t step = last < 0 ? 0 : integer(call, move_step(last));
  const int64_t lo = last < 0 ? 0 : integer(call, move_lo(last));
  const int64_t hi = last < 0 ? 0 : integer(call, move_hi(last));
  const T fill = static_cast<T>(call.attribute[kMoveFill]);
  const int64_t end = tile.first_column + tile.columns;
  // The columns of the tile that are read.
  const int64_t first = std::clamp(lo, tile.first_column, end);
  const int64_t limit = std::clamp(columns_of(y) - hi, first, end);
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    T* to = static_cast<T*>(y.data) + row * y.stride;
    int64_t from;
    if (!find_row(call, row, from)) {
      std::fill(to + tile.first_column, to + end, fill);
      continue;
    }
    std::fill(to + tile.first_column, to + first, fill);
    if (first < limit)
      copy_run(to + first, static_cast<const T*>(x.data) + from + (first - lo) * step, step, limit - first);
    std::fill(to + limit, to + end, fill);
  }
}

}  // namespace

void move_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const Tiling tiling = tiling_of(call.out[0]);
  for (int64_t i = begin; i < end; i++) {
    if (call.out[0].dtype == DType::f32) {
      move_tile<float>(call, tiling.tile(i));
    } else if (call.out[0].dtype == DType::i32) {
      move_tile<int32_t>(call, tiling.tile(i));
    } else {
      move_tile<uint8_t>(call, tiling.tile(i));
    }
  }
}

}  // namespace qn
