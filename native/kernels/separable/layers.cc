#include "native/kernels/separable/layers.h"

#include <algorithm>

#include "native/core/fused.h"
#include "native/kernels/convolution/float_convolution.h"

namespace qn {

Call pointwise_call(const View* in, const View* out, const Call& of, int lo) {
  Call call{in, out, {}};
  for (const int a : {kKernelH, kKernelW, kStrideH, kStrideW, kDilationH, kDilationW}) call.attribute[a] = 1;
  call.attribute[kConv2dLo] = of.attribute[lo];
  call.attribute[kConv2dHi] = of.attribute[lo + 1];
  return call;
}

std::vector<View> project_inputs(const Call& call, const SeparableInputs& inputs) {
  std::int32_t count = inputs.count;
  for (std::int32_t s = 0; s < call.fused_steps; s++) count = std::max(count, call.fused[s].operand + 1);
  std::vector<View> in(call.in, call.in + count);
  in[1] = call.in[inputs.project];
  in[2] = call.in[inputs.project + 1];
  return in;
}

Call project_call(const View* in, const View* out, const Call& of) {
  Call call = pointwise_call(in, out, of, kProjectLo);
  call.fused = of.fused;
  call.fused_steps = of.fused_steps;
  return call;
}

}  // namespace qn
