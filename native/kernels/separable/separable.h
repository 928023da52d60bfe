// Depthwise convolutions between pointwise ones, as one op each: what lies between the layers is never a
// whole tensor, but a few rows that stay in the cache.
//
// separable_conv2d   depthwise_conv2d, then conv2d of 1x1
// inverted_residual  conv2d of 1x1 that expands the channels, then a separable convolution (Sandler et al.,
//                    MobileNetV2, 2018)
//
// Each layer computes what its own op does (depthwise.h, float_convolution.h), in the same order, and clamps
// to bounds of its own. The depthwise layer has M = 1. Fused steps follow the last layer.
#pragma once

#include "native/core/call.h"
#include "native/kernels/depthwise/depthwise.h"

namespace qn {

struct OpSpec;
const OpSpec& separable_conv2d_op();
const OpSpec& inverted_residual_op();

// Attributes: those of depthwise_conv2d, and then these.
enum SeparableAttribute {
  kProjectLo = kDepthwiseAttributes,
  kProjectHi,
  kSeparableAttributes,
  // Of inverted_residual.
  kExpandLo = kSeparableAttributes,
  kExpandHi,
};

// Positions in Call::in: x, then weight and bias of each layer. -1: there is no such layer.
struct SeparableInputs {
  int expand, depthwise, project;
  int count;  // of all, without the operands of fused steps
};
inline constexpr SeparableInputs kSeparableInputs{-1, 1, 3, 5}, kInvertedResidualInputs{1, 3, 5, 7};

// Channels of the depthwise layer.
static inline int64_t separable_channels(const Call& call, const SeparableInputs& inputs) {
  return call.in[inputs.depthwise + 1].dim[0];
}

using KernelFunction = void(const Call& call, int64_t begin, int64_t end, void* scratch);

KernelFunction separable_conv2d_reference, inverted_residual_reference;
#if defined(QN_X86)
KernelFunction separable_conv2d_avx2, inverted_residual_avx2;
KernelFunction separable_conv2d_avx512, inverted_residual_avx512;
int64_t separable_items(const Call& call);
int64_t separable_conv2d_scratch_bytes(const Call& call);
int64_t inverted_residual_scratch_bytes(const Call& call);
#endif

}  // namespace qn
