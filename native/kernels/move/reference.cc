#include <algorithm>
#include <cstring>

#include "native/kernels/move/axes.h"

namespace qn {
namespace {

// The element of x from which a row of y is read, counted from the first that is; false when the row is
// padding.
bool find_row(const MoveAxes& axes, int64_t row, int64_t& from) {
  from = 0;
  for (int32_t d = axes.y.rank - 2; d >= 0; d--) {
    const int64_t size = axes.y.dim[d], i = row % size - axes.lo[d];
    row /= size;
    if (i < 0 || i >= size - axes.lo[d] - axes.hi[d]) return false;
    from += i * axes.step[d];
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
void move_tile(const Call& call, const MoveAxes& axes, const RowTile& tile) {
  const View& y = axes.y;
  const int32_t last = y.rank - 1;
  const int64_t step = last < 0 ? 0 : axes.step[last];
  const int64_t lo = last < 0 ? 0 : axes.lo[last], hi = last < 0 ? 0 : axes.hi[last];
  const T* x = static_cast<const T*>(call.in[0].data) + static_cast<int64_t>(call.attribute[kMoveBegin]);
  const T fill = static_cast<T>(call.attribute[kMoveFill]);
  const int64_t end = tile.first_column + tile.columns;
  // The columns of the tile that are read.
  const int64_t first = std::clamp(lo, tile.first_column, end);
  const int64_t limit = std::clamp(columns_of(y) - hi, first, end);
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    T* to = static_cast<T*>(y.data) + row * y.stride;
    int64_t from;
    if (!find_row(axes, row, from)) {
      std::fill(to + tile.first_column, to + end, fill);
      continue;
    }
    std::fill(to + tile.first_column, to + first, fill);
    if (first < limit) copy_run(to + first, x + from + (first - lo) * step, step, limit - first);
    std::fill(to + limit, to + end, fill);
  }
}

}  // namespace

void move_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const MoveAxes axes = axes_of(call);
  const Tiling tiling = tiling_of(axes.y);
  for (int64_t i = begin; i < end; i++) {
    if (call.out[0].dtype == DType::f32) {
      move_tile<float>(call, axes, tile_of(tiling, i));
    } else if (call.out[0].dtype == DType::i32) {
      move_tile<int32_t>(call, axes, tile_of(tiling, i));
    } else {
      move_tile<uint8_t>(call, axes, tile_of(tiling, i));
    }
  }
}

}  // namespace qn
