#include "native/kernels/quantize_activations/quantize_activations.h"

#include "native/core/op.h"
#include "native/core/quantized_row.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{.name = "outlier", .default_value = 0.0, .required = false}};

// Both have the same class q8, whatever the unit, so the signature says all.
int64_t bytes(const Call& call) {
  const View& x = call.in[0];
  const int unit = quantized_unit(call.out[0].dtype);
  return x.dim[0] * (x.dim[1] * static_cast<int64_t>(sizeof(float)) + quantized_row_bytes(x.dim[1], unit));
}

// A maximum, a product, a rounding and a sum.
int64_t operations(const Call& call) { return 4 * call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"quantize_activations_avx512", Isa::avx512, quantize_activations_avx512, nullptr, items},
    {"quantize_activations_avx2", Isa::avx2, quantize_activations_avx2, nullptr, items},
#endif
    {"quantize_activations_reference", Isa::reference, quantize_activations_reference, nullptr, items},
};

}  // namespace

const OpSpec& quantize_activations_op() {
  static const OpSpec spec{
      .name = "quantize_activations",
      .signature = "f32[T,D] -> q8[T,D]",
      .attributes = kAttributes,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
