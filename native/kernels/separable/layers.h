// The layers of a separable convolution as calls of their own ops.
#pragma once

#include <cstdint>
#include <vector>

#include "native/core/call.h"
#include "native/kernels/separable/separable.h"

namespace qn {

// conv2d of 1x1 whose bounds are the attribute `lo` of `of` and the next one.
Call pointwise_call(const View* in, const View* out, const Call& of, int lo);

// The inputs of the last layer's call: x is to be set, and the operands of fused steps keep their positions.
std::vector<View> project_inputs(const Call& call, const SeparableInputs& inputs);

// The last layer with its fused steps.
Call project_call(const View* in, const View* out, const Call& of);

}  // namespace qn
