// gather_rows: y[r] = x[rows[r]].
//
// One kernel: a copy of a row is the C library's business on every instruction set.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& gather_rows_op();

void gather_rows_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
