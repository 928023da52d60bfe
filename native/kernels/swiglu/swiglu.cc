#include "native/kernels/swiglu/swiglu.h"

#include "native/core/op.h"

namespace qn {
namespace {

int64_t elements(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t bytes(const Call& call) { return 3 * elements(call) * static_cast<int64_t>(sizeof(float)); }

// A negation, the exponential (9 multiply-adds and a subtraction), then a sum, a quotient and a product.
int64_t operations(const Call& call) { return 23 * elements(call); }

int64_t items(const Call& call) { return (elements(call) + kSwigluItem - 1) / kSwigluItem; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"swiglu_avx512", Isa::avx512, swiglu_avx512, nullptr, items},
    {"swiglu_avx2", Isa::avx2, swiglu_avx2, nullptr, items},
#endif
    {"swiglu_reference", Isa::reference, swiglu_reference, nullptr, items},
};

}  // namespace

const OpSpec& swiglu_op() {
  static const OpSpec spec{
      .name = "swiglu",
      .signature = "f32[T,F], f32[T,F] -> f32[T,F]",
      .attributes = {},
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .in_place_input = 0,
  };
  return spec;
}

}  // namespace qn
