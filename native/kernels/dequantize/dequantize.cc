#include "native/kernels/dequantize/dequantize.h"

#include <cmath>

#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"scale", 0, true}, {"zero", 0, true}};

std::string check(const Call& call) {
  const double zero = call.attribute[kDequantizeZero];
  if (!same_shape(call.in[0], call.out[0])) return "input and output have different shapes";
  if (!std::isfinite(static_cast<float>(call.attribute[kDequantizeScale]))) return "scale must be finite";
  if (!(zero >= 0 && zero <= 255) || zero != std::floor(zero)) return "zero must be an integer from 0 to 255";
  return {};
}

int64_t bytes(const Call& call) { return 5 * elements_of(call.out[0]); }

// A difference and a product.
int64_t operations(const Call& call) { return 2 * elements_of(call.out[0]); }

int64_t items(const Call& call) { return tiles_of(tiling_of(call.in[0], call.out[0])); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"dequantize_avx512", Isa::avx512, dequantize_avx512, nullptr, items},
    {"dequantize_avx2", Isa::avx2, dequantize_avx2, nullptr, items},
#endif
    {"dequantize_reference", Isa::reference, dequantize_reference, nullptr, items},
};

}  // namespace

const OpSpec& dequantize_op() {
  static const OpSpec spec{
      .name = "dequantize",
      .signature = "u8[*] -> f32[*]",
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
