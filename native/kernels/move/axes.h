// The axes of a move, as few as there can be.
#pragma once

#include "native/core/rows.h"
#include "native/kernels/move/move.h"

namespace qn {

struct MoveAxes {
  View y;  // of the axes below
  int64_t step[kMaxRank], lo[kMaxRank], hi[kMaxRank];
};

// Takes the last axis and the one before it together, as long as the one goes on where the other ends: rows
// of three colours in an image that is padded become rows of the image.
inline MoveAxes axes_of(const Call& call) {
  MoveAxes axes{call.out[0], {}, {}, {}};
  const auto integer = [&](int attribute) { return static_cast<int64_t>(call.attribute[attribute]); };
  for (int32_t d = 0; d < axes.y.rank; d++) {
    axes.step[d] = integer(move_step(d));
    axes.lo[d] = integer(move_lo(d));
    axes.hi[d] = integer(move_hi(d));
  }
  if (!is_dense(axes.y)) return axes;
  for (int32_t last = axes.y.rank - 1; last > 0; last--) {
    const int64_t size = axes.y.dim[last];
    if (axes.lo[last] != 0 || axes.hi[last] != 0 || axes.step[last - 1] != axes.step[last] * size) break;
    axes.y.dim[last - 1] *= size;
    axes.lo[last - 1] *= size;
    axes.hi[last - 1] *= size;
    axes.step[last - 1] = axes.step[last];
    axes.y.rank = last;
  }
  axes.y.stride = columns_of(axes.y);
  return axes;
}

}  // namespace qn
