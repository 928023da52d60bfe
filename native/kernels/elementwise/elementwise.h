// elementwise: y = x, then the fused steps (native/core/fused.h), of f32 and u8. Without steps it is a copy,
// of i32 too, for instance into a part of a concatenation. Steps of u8 may be on float32 from the first,
// which is dequantize, to the last.
//
// It has no files for instruction sets: they are those of native/elementwise/.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& elementwise_op();

}  // namespace qn
