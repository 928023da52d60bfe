// gather_nd: y[r, :] = x[indices[r, 0], indices[r, 1], .., :]: D indices a row choose among the first D axes
// of x, and the axes after them, taken together, are copied.
//
// One kernel: a copy is the C library's business on every instruction set.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& gather_nd_op();

void gather_nd_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
