#include <cmath>
#include <limits>

#include "native/core/op.h"
#include "native/kernels/convolution/check_geometry.h"
#include "native/kernels/convolution/u8_blocking.h"
#include "native/kernels/convolution/u8_spec.h"

namespace qn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The attributes of geometry.h, then U8Attribute.
constexpr AttributeSpec kU8Attributes[] = {
    {"kernel_h", 0, true},     {"kernel_w", 0, true},    {"stride_h", 0, true}, {"stride_w", 0, true},
    {"dilation_h", 0, true},   {"dilation_w", 0, true},  {"pad_top", 0, true},  {"pad_left", 0, true},
    {"lo", -kInfinity, false}, {"hi", kInfinity, false}, {"x_zero", 0, true},   {"w_zero", 0, false},
    {"y_zero", 0, false},
};
constexpr AttributeSpec kDynamicAttributes[] = {
    {"kernel_h", 0, true},     {"kernel_w", 0, true},    {"stride_h", 0, true}, {"stride_w", 0, true},
    {"dilation_h", 0, true},   {"dilation_w", 0, true},  {"pad_top", 0, true},  {"pad_left", 0, true},
    {"lo", -kInfinity, false}, {"hi", kInfinity, false},
};
constexpr AttributeSpec kTransposedU8Attributes[] = {
    {"kernel_h", 0, true}, {"kernel_w", 0, true}, {"stride_h", 0, true},     {"stride_w", 0, true},
    {"pad_top", 0, true},  {"pad_left", 0, true}, {"lo", -kInfinity, false}, {"hi", kInfinity, false},
    {"x_zero", 0, true},   {"w_zero", 0, false},  {"y_zero", 0, false},
};
constexpr AttributeSpec kTransposedDynamicAttributes[] = {
    {"kernel_h", 0, true}, {"kernel_w", 0, true}, {"stride_h", 0, true},     {"stride_w", 0, true},
    {"pad_top", 0, true},  {"pad_left", 0, true}, {"lo", -kInfinity, false}, {"hi", kInfinity, false},
};

constexpr auto kOrdinary = ConvolutionForm::ordinary, kTransposed = ConvolutionForm::transposed;

std::string check_weight(const Call& call, ConvolutionForm form) {
  const Weight& w = u8_weight(call);
  if (w.format != WeightFormat::i8) return "the weight is not of signed 8-bit codes: load it as i8";
  const std::string problem =
      form == kOrdinary ? check_convolution(call, w.cols) : check_transposed_convolution(call, w.cols);
  if (!problem.empty()) return problem;
  const int64_t channels = call.in[0].dim[3];
  if (w.tap_cols == channels || (form == kOrdinary && w.tap_cols == w.cols)) return {};
  return "the weight has taps of " + std::to_string(w.tap_cols) + " columns, and not of " +
         std::to_string(channels) + (form == kOrdinary ? " or all " + std::to_string(w.cols) : std::string());
}

std::string whole_problem(const char* name, double value, double lo, double hi) {
  if (value >= lo && value <= hi && value == std::floor(value)) return {};
  return std::string(name) + " is " + std::to_string(value) + ", and not a whole number in " +
         std::to_string(static_cast<int>(lo)) + " to " + std::to_string(static_cast<int>(hi));
}

template <ConvolutionForm kForm>
std::string check_u8(const Call& call) {
  if (std::string problem = check_weight(call, kForm); !problem.empty()) return problem;
  const auto attribute = [&](U8Attribute which) { return u8_attribute(call, kForm, which); };
  std::string problem = whole_problem("x_zero", attribute(kXZero), 0, 255);
  if (problem.empty()) problem = whole_problem("w_zero", attribute(kWZero), -128, 127);
  if (problem.empty()) problem = whole_problem("y_zero", attribute(kYZero), 0, 255);
  if (!problem.empty() || call.out[0].dtype != DType::u8 || has_real_steps(call)) return problem;
  if (attribute(kLo) != -kInfinity) problem = whole_problem("lo", attribute(kLo), 0, 255);
  if (problem.empty() && attribute(kHi) != kInfinity) problem = whole_problem("hi", attribute(kHi), 0, 255);
  return problem;
}

template <ConvolutionForm kForm>
std::string check_dynamic(const Call& call) {
  if (std::string problem = check_weight(call, kForm); !problem.empty()) return problem;
  return check_dynamic_rows(call, kForm);
}

int64_t bytes(const Call& call) {
  return u8_convolution_bytes(call, call.in[kU8Weight].weight ? kU8Multiplier : kDynamicBias);
}

template <ConvolutionForm kForm>
int64_t operations(const Call& call) {
  return u8_convolution_operations(call, kForm);
}

template <ConvolutionForm kForm, bool kWidened>
int64_t items(const Call& call) {
  return u8_items(call, u8_blocking(call, kForm, kWidened));
}

template <ConvolutionForm kForm, bool kWidened>
int64_t scratch_bytes(const Call& call) {
  return u8_scratch(call, u8_blocking(call, kForm, kWidened), kWidened).bytes;
}

template <ConvolutionForm kForm>
int64_t outputs(const Call& call) {
  return u8_convolution_outputs(call, kForm);
}

#define QN_KERNEL(OP, FORM, ISA, WIDENED) \
  { #OP "_" #ISA, Isa::ISA, OP##_##ISA, nullptr, items < FORM, WIDENED>, scratch_bytes < FORM, WIDENED> }
#define QN_REFERENCE(OP, FORM) \
  { #OP "_reference", Isa::reference, OP##_reference, nullptr, outputs < FORM> }
#if defined(QN_X86)
#define QN_KERNELS(OP, FORM)                                                                                \
  QN_KERNEL(OP, FORM, avx512, false), QN_KERNEL(OP, FORM, avxvnni, false), QN_KERNEL(OP, FORM, avx2, true), \
      QN_REFERENCE(OP, FORM)
#else
#define QN_KERNELS(OP, FORM) QN_REFERENCE(OP, FORM)
#endif

constexpr Kernel kU8Kernels[] = {QN_KERNELS(conv2d_u8, kOrdinary)};
constexpr Kernel kDynamicKernels[] = {QN_KERNELS(conv2d_dynamic, kOrdinary)};
constexpr Kernel kTransposedU8Kernels[] = {QN_KERNELS(transpose_conv2d_u8, kTransposed)};
constexpr Kernel kTransposedDynamicKernels[] = {QN_KERNELS(transpose_conv2d_dynamic, kTransposed)};

constexpr const char* kU8Signature = "u8[N,H,W,I], weight[O,K], i32[O], f32[O], ... -> u8|f32[N,P,Q,O]";
constexpr const char* kDynamicSignature =
    "u8[N,H,W,I], f32[R,2], weight[O,K], f32[O], f32[O], ... -> f32[N,P,Q,O]";

}  // namespace

const OpSpec& conv2d_u8_op() {
  static const OpSpec spec{
      .name = "conv2d_u8",
      .signature = kU8Signature,
      .attributes = kU8Attributes,
      .check = check_u8<kOrdinary>,
      .bytes = bytes,
      .operations = operations<kOrdinary>,
      .kernels = kU8Kernels,
      .real_steps = RealSteps::of_sums,
      .strided = true,
  };
  return spec;
}

const OpSpec& conv2d_dynamic_op() {
  static const OpSpec spec{
      .name = "conv2d_dynamic",
      .signature = kDynamicSignature,
      .attributes = kDynamicAttributes,
      .check = check_dynamic<kOrdinary>,
      .bytes = bytes,
      .operations = operations<kOrdinary>,
      .kernels = kDynamicKernels,
      .strided = true,
  };
  return spec;
}

const OpSpec& transpose_conv2d_u8_op() {
  static const OpSpec spec{
      .name = "transpose_conv2d_u8",
      .signature = kU8Signature,
      .attributes = kTransposedU8Attributes,
      .check = check_u8<kTransposed>,
      .bytes = bytes,
      .operations = operations<kTransposed>,
      .kernels = kTransposedU8Kernels,
      .real_steps = RealSteps::of_sums,
      .strided = true,
  };
  return spec;
}

const OpSpec& transpose_conv2d_dynamic_op() {
  static const OpSpec spec{
      .name = "transpose_conv2d_dynamic",
      .signature = kDynamicSignature,
      .attributes = kTransposedDynamicAttributes,
      .check = check_dynamic<kTransposed>,
      .bytes = bytes,
      .operations = operations<kTransposed>,
      .kernels = kTransposedDynamicKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
