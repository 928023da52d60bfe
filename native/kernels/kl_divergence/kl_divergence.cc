#include "native/kernels/kl_divergence/kl_divergence.h"

#include "native/core/value_a_row.h"

namespace qn {
namespace {

int64_t bytes(const Call& call) {
  return call.in[0].dim[0] * (2 * call.in[0].dim[1] + 1) * static_cast<int64_t>(sizeof(float));
}

// Two comparisons; for each normaliser and for p and q a subtraction, an exponential (19) and a sum or a
// product; two subtractions for t; the term by either formula (3 and 17) and a sum.
int64_t operations(const Call& call) { return 109 * call.in[0].dim[0] * call.in[0].dim[1]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"kl_divergence_avx512", Isa::avx512, kl_divergence_avx512, nullptr, rows_as_items},
    {"kl_divergence_avx2", Isa::avx2, kl_divergence_avx2, nullptr, rows_as_items},
#endif
    {"kl_divergence_reference", Isa::reference, kl_divergence_reference, nullptr, rows_as_items},
};

}  // namespace

const OpSpec& kl_divergence_op() {
  static const OpSpec spec{
      .name = "kl_divergence",
      .signature = "f32[R,V], f32[R,V] -> f32[R]",
      .attributes = {},
      .check = check_has_columns,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
