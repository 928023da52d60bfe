#include "native/kernels/windows_at/windows_at.h"

#include <cmath>

#include "native/core/index_check.h"
#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"pad_top", 0, true}, {"pad_left", 0, true}, {"fill", 0, false}};

std::string check(const Call& call) {
  for (const int pad : {kWindowsPadTop, kWindowsPadLeft}) {
    const double value = call.attribute[pad];
    if (value < 0 || value > 1 << 20 || value != std::floor(value))
      return std::string(kAttributes[pad].name) + " must be a whole number";
  }
  const double fill = call.attribute[kWindowsFill];
  if (call.in[0].dtype == DType::u8 && !(fill >= 0 && fill <= 255)) return "fill must be a code";
  return call.in[0].dtype == call.out[0].dtype ? "" : "the windows have another type than the image";
}

std::string check_values(const Call& call) {
  return check_indices(call.in[1], {.begin = -1,
                                    .end = call.in[0].dim[1] * call.in[0].dim[2],
                                    .index = "cell",
                                    .entry = "entry",
                                    .extent = "of the image"});
}

int64_t bytes(const Call& call) {
  const View& y = call.out[0];
  const int64_t element = y.dtype == DType::u8 ? 1 : 4;
  return 2 * element * y.dim[0] * y.dim[1] * y.dim[2] * y.dim[3] + 4 * y.dim[0];
}

int64_t items(const Call& call) { return call.out[0].dim[0]; }

constexpr Kernel kKernels[] = {
    {"windows_at_reference", Isa::reference, windows_at_reference, nullptr, items},
};

}  // namespace

const OpSpec& windows_at_op() {
  static const OpSpec spec{
      .name = "windows_at",
      .signature = "f32|u8[1,H,W,C], i32[K] -> f32|u8[K,P,Q,C]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .kernels = kKernels,
      .strided = true,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
