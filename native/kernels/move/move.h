// move: copies elements from regular places: a transposition, a slice (negative strides too), a repetition, a
// part of a tensor, with padding around it.
//
//   y[i0, i1, ..] = x[begin + sum over axes d of (i_d - lo_d) * step_d]   where lo_d <= i_d < size_d - hi_d
//   on
//                                                                         every axis
//                 = fill                                                  elsewhere
//
// in elements of x, whose rows follow one another.
//
// One kernel: a copy of a row is the C library's business on every instruction set.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& move_op();

// Attributes: begin and fill, then step, lo and hi of each axis.
inline constexpr int kMoveBegin = 0, kMoveFill = 1;
inline int move_step(int32_t axis) { return 2 + 3 * axis; }
inline int move_lo(int32_t axis) { return 3 + 3 * axis; }
inline int move_hi(int32_t axis) { return 4 + 3 * axis; }

void move_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
