#include "native/kernels/separable/separable.h"

#include <algorithm>
#include <limits>

#include "native/core/fused.h"
#include "native/core/op.h"
#include "native/kernels/depthwise/check_window.h"

namespace qn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr AttributeSpec kAttributes[] = {
    {"kernel_h", 0, true},
    {"kernel_w", 0, true},
    {"stride_h", 1, false},
    {"stride_w", 1, false},
    {"dilation_h", 1, false},
    {"dilation_w", 1, false},
    {"pad_top", 0, false},
    {"pad_left", 0, false},
    {"lo", -kInfinity, false},
    {"hi", kInfinity, false},
    {"project_lo", -kInfinity, false},
    {"project_hi", kInfinity, false},
    {"expand_lo", -kInfinity, false},
    {"expand_hi", kInfinity, false},
};

std::string check_pointwise(const Call& call, int weight, int lo) {
  if (call.in[weight].weight->format == WeightFormat::i8) return "codes of i8 panels have no scales";
  if (call.attribute[lo] <= call.attribute[lo + 1]) return {};
  return std::string(kAttributes[lo].name) + " is greater than " + kAttributes[lo + 1].name;
}

// No memory holds a tensor of more elements, and the bytes of as many fit 64 bits.
constexpr double kMostBetween = 1e14;

// The tensors between the layers are none of the program's, whose sizes are known to fit.
std::string check_between(const Call& call, const SeparableInputs& inputs) {
  const double channels = static_cast<double>(separable_channels(call, inputs));
  for (const View* image : {&call.in[0], &call.out[0]}) {
    double elements = channels;
    for (int d = 0; d < 3; d++) elements *= std::max(static_cast<double>(image->dim[d]), 1.0);
    if (elements > kMostBetween) return "the tensors between its layers are too large";
  }
  return {};
}

// Rows of an operand are handed on as an operand that begins with them: one, whatever steps read it.
std::string check_operands(const Call& call) {
  for (int32_t s = 0; s < call.fused_steps; s++) {
    for (int32_t t = 0; t < s; t++) {
      const FusedStep &a = call.fused[s], &b = call.fused[t];
      if (a.operand >= 0 && a.operand == b.operand && a.stride_h != b.stride_h)
        return "two fused steps read one operand at different strides";
    }
  }
  return {};
}

std::string check(const Call& call, const SeparableInputs& inputs) {
  std::string reason = check_depthwise_window(call, call.in[inputs.depthwise]);
  if (!reason.empty()) return reason;
  if (!(call.attribute[kDepthwiseLo] <= call.attribute[kDepthwiseHi])) return "lo is greater than hi";
  reason = check_pointwise(call, inputs.project, kProjectLo);
  if (reason.empty() && inputs.expand >= 0) reason = check_pointwise(call, inputs.expand, kExpandLo);
  if (reason.empty()) reason = check_operands(call);
  return reason.empty() ? check_between(call, inputs) : reason;
}

int64_t bytes_of(const View& view) {
  if (view.weight) {
    const Weight& w = *view.weight;
    return w.panels * (w.panel_bytes + w.groups * w.param_bytes);
  }
  int64_t bytes = sizeof(float);
  for (int32_t d = 0; d < view.rank; d++) bytes *= view.dim[d];
  return bytes;
}

int64_t bytes(const Call& call, const SeparableInputs& inputs) {
  int64_t total = bytes_of(call.out[0]);
  for (int i = 0; i < inputs.count; i++) total += bytes_of(call.in[i]);
  for (int32_t s = 0; s < call.fused_steps; s++) {
    if (call.fused[s].operand >= 0) total += bytes_of(operand_read(call, call.fused[s]));
  }
  return total;
}

int64_t pixels_of(const View& image) { return image.dim[0] * image.dim[1] * image.dim[2]; }

int64_t operations(const Call& call, const SeparableInputs& inputs) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t channels = separable_channels(call, inputs), taps = call.in[inputs.depthwise].dim[0];
  const int64_t expand = inputs.expand < 0 ? 0 : pixels_of(x) * x.dim[3] * channels;
  return 2 * (expand + pixels_of(y) * channels * (taps + y.dim[3]));
}

template <const SeparableInputs& kInputs>
std::string check_op(const Call& call) {
  return check(call, kInputs);
}
template <const SeparableInputs& kInputs>
int64_t bytes_of_op(const Call& call) {
  return bytes(call, kInputs);
}
template <const SeparableInputs& kInputs>
int64_t operations_of_op(const Call& call) {
  return operations(call, kInputs);
}

int64_t one_item(const Call&) { return 1; }

// A piece begins with the expansion of rows that the one before it has expanded too, and short ones are
// projected by few pixels at once.
constexpr int kPieces = 2;

constexpr Kernel kSeparableKernels[] = {
#if defined(QN_X86)
    {"separable_conv2d_avx512", Isa::avx512, separable_conv2d_avx512, nullptr, separable_items,
     separable_conv2d_scratch_bytes, kPieces},
    {"separable_conv2d_avx2", Isa::avx2, separable_conv2d_avx2, nullptr, separable_items,
     separable_conv2d_scratch_bytes, kPieces},
#endif
    {"separable_conv2d_reference", Isa::reference, separable_conv2d_reference, nullptr, one_item},
};

constexpr Kernel kInvertedResidualKernels[] = {
#if defined(QN_X86)
    {"inverted_residual_avx512", Isa::avx512, inverted_residual_avx512, nullptr, separable_items,
     inverted_residual_scratch_bytes, kPieces},
    {"inverted_residual_avx2", Isa::avx2, inverted_residual_avx2, nullptr, separable_items,
     inverted_residual_scratch_bytes, kPieces},
#endif
    {"inverted_residual_reference", Isa::reference, inverted_residual_reference, nullptr, one_item},
};

}  // namespace

const OpSpec& separable_conv2d_op() {
  static const OpSpec spec{
      .name = "separable_conv2d",
      .signature = "f32[N,H,W,C], f32[T,C], f32[C], weight[O,C], f32[O], ... -> f32[N,P,Q,O]",
      .attributes = std::span(kAttributes).first(kSeparableAttributes),
      .check = check_op<kSeparableInputs>,
      .bytes = bytes_of_op<kSeparableInputs>,
      .operations = operations_of_op<kSeparableInputs>,
      .kernels = kSeparableKernels,
      .strided = true,
  };
  return spec;
}

const OpSpec& inverted_residual_op() {
  static const OpSpec spec{
      .name = "inverted_residual",
      .signature =
          "f32[N,H,W,I], weight[C,I], f32[C], f32[T,C], f32[C], weight[O,C], f32[O], ... -> "
          "f32[N,P,Q,O]",
      .attributes = kAttributes,
      .check = check_op<kInvertedResidualInputs>,
      .bytes = bytes_of_op<kInvertedResidualInputs>,
      .operations = operations_of_op<kInvertedResidualInputs>,
      .kernels = kInvertedResidualKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
