#include "native/kernels/depthwise/depthwise.h"

#include <cmath>
#include <limits>

#include "native/core/op.h"
#include "native/core/window_check.h"
#include "native/kernels/depthwise/check_window.h"
#include "native/kernels/depthwise/codes_layer.h"

namespace qn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

#define QN_DEPTHWISE_WINDOW                                                                     \
  {"kernel_h", 0, true}, {"kernel_w", 0, true}, {"stride_h", 1, false}, {"stride_w", 1, false}, \
      {"dilation_h", 1, false}, {"dilation_w", 1, false}, {"pad_top", 0, false}, {              \
    "pad_left", 0, false                                                                        \
  }
constexpr AttributeSpec kFloatAttributes[] = {
    QN_DEPTHWISE_WINDOW, {"lo", -kInfinity, false}, {"hi", kInfinity, false}};
constexpr AttributeSpec kCodeAttributes[] = {QN_DEPTHWISE_WINDOW, {"lo", 0, true},      {"hi", 0, true},
                                             {"x_zero", 0, true}, {"w_zero", 0, false}, {"y_zero", 0, false}};
#undef QN_DEPTHWISE_WINDOW

std::string check_shapes(const Call& call, const View& weight) {
  const std::string reason = check_depthwise_window(call, weight);
  if (!reason.empty()) return reason;
  const int64_t channels = call.in[kDepthwiseX].dim[3], outputs = call.out[0].dim[3];
  if (channels == 0 || outputs % channels != 0) {
    return std::to_string(outputs) + " output channels are no multiple of " + std::to_string(channels) +
           " input channels";
  }
  if (!(call.attribute[kDepthwiseLo] <= call.attribute[kDepthwiseHi])) return "lo is greater than hi";
  return {};
}

std::string check_float(const Call& call) { return check_shapes(call, call.in[kDepthwiseWeight]); }
std::string check_dynamic(const Call& call) { return check_shapes(call, call.in[kDepthwiseDynamicWeight]); }

bool is_code(double value, double lo, double hi) {
  return value >= lo && value <= hi && value == std::floor(value);
}

std::string check_u8(const Call& call) {
  const double* attribute = call.attribute;
  if (!is_code(attribute[kDepthwiseXZero], 0, 255)) return "x_zero is no code of u8";
  if (!is_code(attribute[kDepthwiseWZero], -128, 127)) return "w_zero is no code of i8";
  if (call.out[0].dtype == DType::u8 && !has_real_steps(call)) {
    if (!is_code(attribute[kDepthwiseYZero], 0, 255)) return "y_zero is no code of u8";
    for (const int a : {kDepthwiseLo, kDepthwiseHi}) {
      if (!is_code(attribute[a], 0, 255)) return "lo and hi are no codes of u8";
    }
  }
  return check_shapes(call, call.in[kDepthwiseWeight]);
}

int64_t elements_of(const View& view) {
  int64_t elements = 1;
  for (int32_t d = 0; d < view.rank; d++) elements *= view.dim[d];
  return elements;
}

int64_t bytes_of_view(const View& view) {
  return elements_of(view) * (view.dtype == DType::u8 || view.dtype == DType::i8 ? 1 : 4);
}

template <int kInputs>
int64_t bytes(const Call& call) {
  int64_t total = bytes_of_view(call.out[0]);
  for (int i = 0; i < kInputs; i++) total += bytes_of_view(call.in[i]);
  return total;
}

int64_t operations(const Call& call) {
  return 2 * elements_of(call.out[0]) * depthwise_size(call, kDepthwiseKernelH) *
         depthwise_size(call, kDepthwiseKernelW);
}

int64_t float_items(const Call& call) { return depthwise_items(call, kDepthwiseFloatChannels); }
int64_t code_items(const Call& call) { return depthwise_items(call, kDepthwiseCodeChannels); }

bool is_plain(const Call& call) { return call.in[kDepthwiseX].dim[3] == call.out[0].dim[3]; }

constexpr Kernel kFloatKernels[] = {
#if defined(QN_X86)
    {"depthwise_conv2d_avx512", Isa::avx512, depthwise_avx512, is_plain, float_items},
    {"depthwise_conv2d_avx2", Isa::avx2, depthwise_avx2, is_plain, float_items},
#endif
    {"depthwise_conv2d_reference", Isa::reference, depthwise_reference, nullptr, float_items},
};

constexpr Kernel kCodeKernels[] = {
#if defined(QN_X86)
    {"depthwise_conv2d_u8_avx512", Isa::avx512, depthwise_u8_avx512, is_plain, code_items,
     codes_scratch_bytes},
    {"depthwise_conv2d_u8_avxvnni", Isa::avxvnni, depthwise_u8_avxvnni, is_plain, code_items,
     codes_scratch_bytes},
    {"depthwise_conv2d_u8_avx2", Isa::avx2, depthwise_u8_avx2, is_plain, code_items, codes_scratch_bytes},
#endif
    {"depthwise_conv2d_u8_reference", Isa::reference, depthwise_u8_reference, nullptr, code_items},
};

constexpr Kernel kDynamicKernels[] = {
#if defined(QN_X86)
    {"depthwise_conv2d_dynamic_avx512", Isa::avx512, depthwise_dynamic_avx512, is_plain, code_items,
     codes_scratch_bytes},
    {"depthwise_conv2d_dynamic_avxvnni", Isa::avxvnni, depthwise_dynamic_avxvnni, is_plain, code_items,
     codes_scratch_bytes},
    {"depthwise_conv2d_dynamic_avx2", Isa::avx2, depthwise_dynamic_avx2, is_plain, code_items,
     codes_scratch_bytes},
#endif
    {"depthwise_conv2d_dynamic_reference", Isa::reference, depthwise_dynamic_reference, nullptr, code_items},
};

}  // namespace

std::string check_depthwise_window(const Call& call, const View& weight) {
  for (int side = 0; side < 2; side++) {
    const std::string reason =
        check_window(side == 0 ? "height" : "width", call.attribute[kDepthwiseKernelH + side],
                     call.attribute[kDepthwiseStrideH + side], call.attribute[kDepthwiseDilationH + side],
                     call.attribute[kDepthwisePadTop + side]);
    if (!reason.empty()) return reason;
  }
  const int64_t taps = depthwise_size(call, kDepthwiseKernelH) * depthwise_size(call, kDepthwiseKernelW);
  if (weight.dim[0] == taps) return {};
  return "expected weights of " + std::to_string(taps) + " taps, got " + std::to_string(weight.dim[0]);
}

const OpSpec& depthwise_conv2d_op() {
  static const OpSpec spec{
      .name = "depthwise_conv2d",
      .signature = "f32[N,H,W,I], f32[T,O], f32[O], ... -> f32[N,P,Q,O]",
      .attributes = kFloatAttributes,
      .check = check_float,
      .bytes = bytes<3>,
      .operations = operations,
      .kernels = kFloatKernels,
      .strided = true,
  };
  return spec;
}

const OpSpec& depthwise_conv2d_u8_op() {
  static const OpSpec spec{
      .name = "depthwise_conv2d_u8",
      .signature = "u8[N,H,W,I], i8[T,O], i32[O], f32[O], ... -> u8|f32[N,P,Q,O]",
      .attributes = kCodeAttributes,
      .check = check_u8,
      .bytes = bytes<4>,
      .operations = operations,
      .kernels = kCodeKernels,
      .real_steps = RealSteps::of_sums,
      .strided = true,
  };
  return spec;
}

const OpSpec& depthwise_conv2d_dynamic_op() {
  static const OpSpec spec{
      .name = "depthwise_conv2d_dynamic",
      .signature = "u8[N,H,W,I], f32[N,2], i8[T,O], f32[O], f32[O], ... -> f32[N,P,Q,O]",
      .attributes = kFloatAttributes,
      .check = check_dynamic,
      .bytes = bytes<5>,
      .operations = operations,
      .kernels = kDynamicKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
