// cast: y = x by value, among f32, i32 and u8. To integers the fraction is cut off, values beyond the type
// become its least or greatest, and NaN becomes 0.
//
// One kernel: compilers vectorise the conversions well enough for tensors of indices and truth values.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& cast_op();

void cast_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
