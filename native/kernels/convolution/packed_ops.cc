#include <limits>

#include "native/core/op.h"
#include "native/kernels/convolution/check_geometry.h"
#include "native/kernels/convolution/packed_blocking.h"
#include "native/kernels/convolution/u8_spec.h"

namespace qn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr AttributeSpec kAttributes[] = {
    {"kernel_h", 0, true},     {"kernel_w", 0, true},    {"stride_h", 0, true}, {"stride_w", 0, true},
    {"dilation_h", 0, true},   {"dilation_w", 0, true},  {"pad_top", 0, true},  {"pad_left", 0, true},
    {"lo", -kInfinity, false}, {"hi", kInfinity, false},
};
constexpr AttributeSpec kTransposedAttributeSpecs[] = {
    {"kernel_h", 0, true}, {"kernel_w", 0, true}, {"stride_h", 0, true},     {"stride_w", 0, true},
    {"pad_top", 0, true},  {"pad_left", 0, true}, {"lo", -kInfinity, false}, {"hi", kInfinity, false},
};

constexpr auto kOrdinary = ConvolutionForm::ordinary, kTransposed = ConvolutionForm::transposed;

// Zero points are codes, so that differences to them fit the kernels' integers.
std::string check_zero_points(const Weight& w) {
  const int most = w.format == WeightFormat::u4 ? 15 : 3;
  for (int64_t i = 0; i < w.panels * w.groups; ++i) {
    const uint8_t* zeros = w.group_params + i * w.param_bytes + 2 * kPanelRows;
    for (int lane = 0; lane < kPanelRows; ++lane) {
      if (zeros[lane] <= most) continue;
      return "a zero point of the weight is " + std::to_string(zeros[lane]) + ", and not in 0 to " +
             std::to_string(most);
    }
  }
  return {};
}

std::string check_packed(const Weight& w) {
  if (w.format != WeightFormat::u4 && w.format != WeightFormat::u2) {
    return "the weight is not of codes of 4 or 2 bits: load it as they are";
  }
  if (w.params != ParamFormat::f16_u8) return "the weight's groups have offsets, and not zero points";
  if (w.cols > kMostPackedColumns) {
    return "the weight has " + std::to_string(w.cols) + " columns, and more than " +
           std::to_string(kMostPackedColumns) + " may not fit an integer";
  }
  return check_zero_points(w);
}

template <ConvolutionForm kForm>
std::string check(const Call& call) {
  const Weight& w = *call.in[kDynamicWeight].weight;
  std::string problem = check_packed(w);
  if (problem.empty()) {
    problem =
        kForm == kOrdinary ? check_convolution(call, w.cols) : check_transposed_convolution(call, w.cols);
  }
  return problem.empty() ? check_dynamic_rows(call, kForm) : problem;
}

int64_t bytes(const Call& call) { return u8_convolution_bytes(call, kPackedBias); }

template <ConvolutionForm kForm>
int64_t operations(const Call& call) {
  return u8_convolution_operations(call, kForm);
}

template <ConvolutionForm kForm>
int64_t items(const Call& call) {
  return u8_items(call, u8_blocking(call, kForm, false));
}

template <ConvolutionForm kForm>
int64_t scratch_bytes(const Call& call) {
  return packed_scratch(call, u8_blocking(call, kForm, false)).bytes;
}

template <ConvolutionForm kForm>
int64_t outputs(const Call& call) {
  return u8_convolution_outputs(call, kForm);
}

#define QN_KERNEL(OP, FORM, ISA) \
  { #OP "_" #ISA, Isa::ISA, OP##_##ISA, nullptr, items < FORM>, scratch_bytes < FORM> }
#define QN_REFERENCE(OP, FORM) \
  { #OP "_reference", Isa::reference, OP##_reference, nullptr, outputs < FORM> }
#if defined(QN_X86)
#define QN_KERNELS(OP, FORM) \
  QN_KERNEL(OP, FORM, avx512), QN_KERNEL(OP, FORM, avxvnni), QN_KERNEL(OP, FORM, avx2), QN_REFERENCE(OP, FORM)
#else
#define QN_KERNELS(OP, FORM) QN_REFERENCE(OP, FORM)
#endif

constexpr Kernel kKernels[] = {QN_KERNELS(conv2d_dynamic_packed, kOrdinary)};
constexpr Kernel kTransposedKernels[] = {QN_KERNELS(transpose_conv2d_dynamic_packed, kTransposed)};

constexpr const char* kSignature = "u8[N,H,W,I], f32[R,2], weight[O,K], f32[O], ... -> f32[N,P,Q,O]";

}  // namespace

const OpSpec& conv2d_dynamic_packed_op() {
  static const OpSpec spec{
      .name = "conv2d_dynamic_packed",
      .signature = kSignature,
      .attributes = kAttributes,
      .check = check<kOrdinary>,
      .bytes = bytes,
      .operations = operations<kOrdinary>,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

const OpSpec& transpose_conv2d_dynamic_packed_op() {
  static const OpSpec spec{
      .name = "transpose_conv2d_dynamic_packed",
      .signature = kSignature,
      .attributes = kTransposedAttributeSpecs,
      .check = check<kTransposed>,
      .bytes = bytes,
      .operations = operations<kTransposed>,
      .kernels = kTransposedKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
