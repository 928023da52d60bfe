// gather: y[o, r, :] = x[o, indices[r], :]: slices of an axis by their numbers.
//
// One kernel: a copy is the C library's business on every instruction set.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& gather_op();

void gather_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
