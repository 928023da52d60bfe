#include "native/kernels/mean/mean.h"

#include <cmath>

#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"x_zero", 0, false}, {"multiplier", 1, false}, {"y_zero", 0, false}};

bool is_code(double value) { return value >= 0 && value <= 255 && value == std::floor(value); }

std::string check(const Call& call) {
  const View& x = call.in[0];
  if (x.dtype != call.out[0].dtype) return "the input and the output have different types";
  const int64_t pixels = x.dim[1] * x.dim[2];
  if (pixels == 0) return "the image has no pixels";
  if (x.dtype == DType::f32) return {};
  // Sums of codes stay within int32.
  if (pixels > (1 << 23)) return "the image has more than 2^23 pixels";
  if (!is_code(call.attribute[kMeanXZero])) return "x_zero is no code of u8";
  if (!is_code(call.attribute[kMeanYZero])) return "y_zero is no code of u8";
  if (!std::isfinite(call.attribute[kMeanMultiplier])) return "multiplier is not finite";
  return {};
}

int64_t elements_of(const View& view) { return view.dim[0] * view.dim[1] * view.dim[2] * view.dim[3]; }

int64_t bytes(const Call& call) {
  return (elements_of(call.in[0]) + elements_of(call.out[0])) * (call.in[0].dtype == DType::u8 ? 1 : 4);
}

int64_t operations(const Call& call) { return elements_of(call.in[0]); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"mean_avx512", Isa::avx512, mean_avx512, nullptr, mean_items},
    {"mean_avx2", Isa::avx2, mean_avx2, nullptr, mean_items},
#endif
    {"mean_reference", Isa::reference, mean_reference, nullptr, mean_items},
};

}  // namespace

const OpSpec& mean_op() {
  static const OpSpec spec{
      .name = "mean",
      .signature = "f32|u8[N,H,W,C], ... -> f32|u8[N,1,1,C]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
