// The names and attributes of fused steps, and what operands they take.
#pragma once

#include <string>
#include <vector>

#include "native/core/fused.h"
#include "native/core/op.h"
#include "native/core/program.h"

namespace qn {

// Of a FusedDesc; the operand's kind is none until bind_fused. Besides the attributes of fused.h, a step with
// an operand may have stride_h and stride_w, 1 where they are absent: the operand is a larger image [N, H, W,
// C], of which the result [N, ceil(H / stride_h), ceil(W / stride_w), C] meets the pixels at multiples of the
// strides. Throws Error naming `where`.
FusedStep read_fused(const FusedDesc& desc, const std::string& where);

// Finds how each operand goes with out[0]. `in` and `out` have their shapes; `reals` is the op's. Returns the
// reason why a step does not fit, empty when all is well.
std::string bind_fused(std::vector<FusedStep>& steps, RealSteps reals, const View* in, const View& out);

}  // namespace qn
