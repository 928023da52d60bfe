// select: y = condition ? a : b, element by element, the three broadcast as numpy does. The condition is u8,
// true unless 0; a, b and y have one type.
//
// One kernel: it moves bytes, and no detector spends time in it.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& select_op();

void select_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
