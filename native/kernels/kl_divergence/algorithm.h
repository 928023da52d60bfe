// kl_divergence on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/kl_divergence/kl_divergence.h"
#include "native/simd/row.h"

namespace qn {
namespace {

struct DivergenceTerm {
  const float *a, *b;
  Lanes max_a, max_b, inverse_za, inverse_zb, shift;

  QN_INLINE Lanes operator()(int64_t i, int64_t n) const {
    const Lanes x = load_some(a + i, n), y = load_some(b + i, n);
    const Lanes p = mul(exponential(sub(x, max_a)), inverse_za);
    const Lanes q = mul(exponential(sub(y, max_b)), inverse_zb);
    const Lanes t = sub(sub(x, y), shift);
    const Lanes direct = fma(p, t, sub(q, p));
    Lanes s = broadcast(-1.0f / 362880.0f);
    s = fma(s, t, broadcast(1.0f / 40320.0f));
    s = fma(s, t, broadcast(-1.0f / 5040.0f));
    s = fma(s, t, broadcast(1.0f / 720.0f));
    s = fma(s, t, broadcast(-1.0f / 120.0f));
    s = fma(s, t, broadcast(1.0f / 24.0f));
    s = fma(s, t, broadcast(-1.0f / 6.0f));
    s = fma(s, t, broadcast(0.5f));
    const Lanes series = mul(mul(p, mul(t, t)), s);
    const Lanes magnitude = max(t, sub(zero_lanes(), t));
    return select(less(magnitude, broadcast(0.5f)), series, direct);
  }
};

inline void diverge_rows(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1];
  float* out = static_cast<float*>(call.out[0].data);
  for (int64_t row = begin; row < end; row++) {
    const float* a = static_cast<const float*>(call.in[0].data) + row * cols;
    const float* b = static_cast<const float*>(call.in[1].data) + row * cols;
    const float max_a = scan_row(a, cols).maximum, max_b = scan_row(b, cols).maximum;
    const float za = sum_exponentials(a, cols, max_a, kSumBlock),
                zb = sum_exponentials(b, cols, max_b, kSumBlock);
    const double normaliser_a = static_cast<double>(max_a) + natural_log(static_cast<double>(za));
    const double normaliser_b = static_cast<double>(max_b) + natural_log(static_cast<double>(zb));
    const DivergenceTerm term{a,
                              b,
                              broadcast(max_a),
                              broadcast(max_b),
                              broadcast(1.0f / za),
                              broadcast(1.0f / zb),
                              broadcast(static_cast<float>(normaliser_a - normaliser_b))};
    out[row] = sum_row(cols, kSumBlock, term);
  }
}

}  // namespace
}  // namespace qn
