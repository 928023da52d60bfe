#include "native/kernels/quantize/quantize.h"

#include <cmath>

#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"scale", 0, true}, {"zero", 0, true}, {"mode", 0, false}};

std::string check(const Call& call) {
  const float scale = static_cast<float>(call.attribute[kQuantizeScale]);
  const double zero = call.attribute[kQuantizeZero], mode = call.attribute[kQuantizeMode];
  if (!same_shape(call.in[0], call.out[0])) return "input and output have different shapes";
  if (!(scale > 0) || !std::isfinite(scale) || !std::isfinite(1.0f / scale))
    return "scale must be a positive number whose inverse is finite";
  if (!(zero >= 0 && zero <= 255) || zero != std::floor(zero)) return "zero must be an integer from 0 to 255";
  if (mode != 0 && mode != 1) return "mode must be 0 or 1";
  return {};
}

int64_t bytes(const Call& call) { return 5 * elements_of(call.out[0]); }

// A product, a rounding, a sum and two comparisons.
int64_t operations(const Call& call) { return 5 * elements_of(call.out[0]); }

int64_t items(const Call& call) { return tiles_of(tiling_of(call.in[0], call.out[0])); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"quantize_avx512", Isa::avx512, quantize_avx512, nullptr, items},
    {"quantize_avx2", Isa::avx2, quantize_avx2, nullptr, items},
#endif
    {"quantize_reference", Isa::reference, quantize_reference, nullptr, items},
};

}  // namespace

const OpSpec& quantize_op() {
  static const OpSpec spec{
      .name = "quantize",
      .signature = "f32[*] -> u8[*]",
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
