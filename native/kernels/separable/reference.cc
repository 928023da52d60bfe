#include <vector>

#include "native/kernels/convolution/float_convolution.h"
#include "native/kernels/separable/layers.h"

namespace qn {
namespace {

// A tensor between two layers.
struct Between {
  Between(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c)
      : values(static_cast<std::size_t>(n * h * w * c)), view{values.data(), nullptr, {n, h, w, c}, 4,
                                                              DType::f32,    c} {}

  std::vector<float> values;
  View view;
};

void expand(const Call& call, const SeparableInputs& inputs, const View& expanded) {
  const View in[] = {call.in[0], call.in[inputs.expand], call.in[inputs.expand + 1]};
  conv2d_reference(pointwise_call(in, &expanded, call, kExpandLo), 0, expanded.dim[3], nullptr);
}

void filter(const Call& call, const SeparableInputs& inputs, const View& x, const View& filtered) {
  const View in[] = {x, call.in[inputs.depthwise], call.in[inputs.depthwise + 1]};
  Call depthwise{in, &filtered, {}};
  for (int a = 0; a < kDepthwiseAttributes; a++) depthwise.attribute[a] = call.attribute[a];
  depthwise_reference(depthwise, 0, depthwise_items(depthwise, kDepthwiseFloatChannels), nullptr);
}

// The ops one after the other, each on whole tensors.
void run(const Call& call, const SeparableInputs& inputs) {
  const View &x = call.in[0], &y = call.out[0];
  const std::int64_t channels = separable_channels(call, inputs);
  const bool expands = inputs.expand >= 0;
  const Between expanded(x.dim[0], x.dim[1], x.dim[2], expands ? channels : 0);
  if (expands) expand(call, inputs, expanded.view);
  const Between filtered(y.dim[0], y.dim[1], y.dim[2], channels);
  filter(call, inputs, expands ? expanded.view : x, filtered.view);
  std::vector<View> in = project_inputs(call, inputs);
  in[0] = filtered.view;
  conv2d_reference(project_call(in.data(), call.out, call), 0, y.dim[3], nullptr);
}

}  // namespace

// The whole call is one item.
void separable_conv2d_reference(const Call& call, std::int64_t, std::int64_t, void*) {
  run(call, kSeparableInputs);
}

void inverted_residual_reference(const Call& call, std::int64_t, std::int64_t, void*) {
  run(call, kInvertedResidualInputs);
}

}  // namespace qn
