// Broadcasting as numpy does it: axes are lined up from the last one, and an axis of one element is repeated.
#pragma once

#include "native/core/call.h"

namespace qn {

// Elements from one index of an axis to the next.
static inline int64_t axis_step(const View& view, int32_t axis) {
  if (axis == view.rank - 1) return 1;
  int64_t step = view.stride;
  for (int32_t d = axis + 1; d < view.rank - 1; d++) step *= view.dim[d];
  return step;
}

// The operand's size along an axis of the result, 1 where it has no such axis.
static inline int64_t broadcast_dim(const View& operand, const View& result, int32_t axis) {
  const int32_t own = axis - (result.rank - operand.rank);
  return own < 0 ? 1 : operand.dim[own];
}

static inline bool broadcasts_to(const View& operand, const View& result) {
  if (operand.rank > result.rank) return false;
  for (int32_t d = 0; d < result.rank; d++) {
    const int64_t size = broadcast_dim(operand, result, d);
    if (size != 1 && size != result.dim[d]) return false;
  }
  return true;
}

// Where an operand's elements lie that go with the result's.
struct Broadcast {
  int64_t step[kMaxRank];  // along the result's axes

  Broadcast(const View& operand, const View& result) : step{} {
    for (int32_t d = 0; d < result.rank; d++) {
      const bool repeated = broadcast_dim(operand, result, d) == 1;
      step[d] = repeated ? 0 : axis_step(operand, d - (result.rank - operand.rank));
    }
  }

  // Of the operand's element that goes with the first one of a row of the result's last axis.
  int64_t row_offset(const View& result, int64_t row) const {
    int64_t offset = 0;
    for (int32_t d = result.rank - 2; d >= 0; d--) {
      offset += row % result.dim[d] * step[d];
      row /= result.dim[d];
    }
    return offset;
  }

  // From column to column: 1 or 0.
  int64_t column_step(const View& result) const { return result.rank == 0 ? 0 : step[result.rank - 1]; }
};

}  // namespace qn
