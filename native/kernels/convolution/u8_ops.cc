#include <cmath>
#include <limits>

#include "native/core/fused.h"
#include "native/core/op.h"
#include "native/kernels/convolution/check_geometry.h"
#include "native/kernels/convolution/u8_blocking.h"

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
  const View &x = call.in[0], &y = call.out[0];
  const int64_t rows = call.in[kDynamicParams].dim[0];
  if (rows == x.dim[0]) return {};
  const bool pointwise = kForm == kOrdinary && u8_weight(call).cols == x.dim[3] &&
                         size_attribute(call, kStrideH) == 1 && size_attribute(call, kStrideW) == 1 &&
                         size_attribute(call, kPadTop) == 0 && size_attribute(call, kPadLeft) == 0 &&
                         x.dim[1] == y.dim[1] && x.dim[2] == y.dim[2];
  const int64_t pixels = x.dim[0] * x.dim[1] * x.dim[2];
  if (pointwise && rows == pixels) return {};
  return "there are scales and zeros for " + std::to_string(rows) + " rows, and not for " +
         std::to_string(x.dim[0]) + " images" +
         (pointwise ? " or " + std::to_string(pixels) + " pixels" : std::string());
}

int64_t bytes_of(const View& view) {
  int64_t bytes = view.dtype == DType::u8 ? 1 : 4;
  for (int32_t d = 0; d < view.rank; d++) bytes *= view.dim[d];
  return bytes;
}

// All inputs, fused operands too, and the result, each once.
int64_t bytes(const Call& call) {
  const Weight& w = u8_weight(call);
  const int last = call.in[kU8Weight].weight ? kU8Multiplier : kDynamicBias;
  int64_t bytes = bytes_of(call.out[0]) + w.panels * w.panel_bytes;
  for (int i = 0; i <= last; i++) bytes += call.in[i].weight ? 0 : bytes_of(call.in[i]);
  for (int32_t s = 0; s < call.fused_steps; s++) {
    if (call.fused[s].operand >= 0) bytes += bytes_of(operand_read(call, call.fused[s]));
  }
  return bytes;
}

// Cells of the padding count, as usual.
template <ConvolutionForm kForm>
int64_t operations(const Call& call) {
  int64_t products = 0;
  for (int64_t phase = 0; phase < phases_of(call, kForm); ++phase) {
    const Convolution c = phase_of(call, kForm, phase);
    products += pixels_of(c) * taps_of(c) * c.in_channels * c.out_channels;
  }
  return 2 * products;
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
  int64_t count = 0;
  for (int64_t phase = 0; phase < phases_of(call, kForm); ++phase)
    count += pixels_of(phase_of(call, kForm, phase));
  return count;
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
