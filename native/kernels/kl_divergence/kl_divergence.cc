#include "native/kernels/kl_divergence/kl_divergence.h"

#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  if (call.in[0].dim[1] == 0) return "the rows have no columns";
  return {};
}

int64_t bytes(const Call& call) {
  return call.in[0].dim[0] * (2 * call.in[0].dim[1] + 1) * static_cast<int64_t>(sizeof(float));
}

// Two comparisons; for each normaliser and for p and q a subtraction, an exponential (19) and a sum or a
// product; two subtractions for t; the term by either formula (3 and 17) and a sum.
int64_t operations(const Call& call) { return 109 * call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"kl_divergence_avx512", Isa::avx512, kl_divergence_avx512, nullptr, items},
    {"kl_divergence_avx2", Isa::avx2, kl_divergence_avx2, nullptr, items},
#endif
    {"kl_divergence_reference", Isa::reference, kl_divergence_reference, nullptr, items},
};

}  // namespace

const OpSpec& kl_divergence_op() {
  static const OpSpec spec{
      .name = "kl_divergence",
      .signature = "f32[R,V], f32[R,V] -> f32[R]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
