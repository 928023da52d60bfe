#include <limits>

#include "native/core/op.h"
#include "native/kernels/convolution/check_geometry.h"
#include "native/kernels/convolution/float_blocking.h"
#include "native/kernels/convolution/float_convolution.h"
#include "native/kernels/convolution/float_scratch.h"
#include "native/kernels/convolution/float_spec.h"

namespace qn {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

constexpr AttributeSpec kAttributes[] = {
    {"kernel_h", 0, true},      {"kernel_w", 0, true},     {"stride_h", 0, true}, {"stride_w", 0, true},
    {"dilation_h", 0, true},    {"dilation_w", 0, true},   {"pad_top", 0, true},  {"pad_left", 0, true},
    {"lo", -kUnbounded, false}, {"hi", kUnbounded, false},
};

std::string check(const Call& call) {
  const std::string reason = check_float_convolution(call, kConv2dLo);
  return reason.empty() ? check_convolution(call, call.in[1].weight->cols) : reason;
}

int64_t operations(const Call& call) {
  return 2 * pixels_of(convolution_of(call)) * call.in[1].weight->rows * call.in[1].weight->cols;
}

int64_t items(const Call& call) { return convolution_items(convolution_of(call), *call.in[1].weight); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"conv2d_avx512", Isa::avx512, conv2d_avx512, nullptr, items, float_convolution_scratch_bytes},
    {"conv2d_avx2", Isa::avx2, conv2d_avx2, nullptr, items, float_convolution_scratch_bytes},
#endif
    {"conv2d_reference", Isa::reference, conv2d_reference, nullptr, float_convolution_channels},
};

}  // namespace

const OpSpec& conv2d_op() {
  static const OpSpec spec{
      .name = "conv2d",
      .signature = "f32[N,H,W,I], weight[O,K], f32[O], ... -> f32[N,P,Q,O]",
      .attributes = kAttributes,
      .check = check,
      .bytes = float_convolution_bytes,
      .operations = operations,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
