#include "native/core/float_math.h"
#include "native/kernels/kl_divergence/kl_divergence.h"

namespace qn {
namespace {

struct Normaliser {
  float maximum;
  float z;
  double log_sum;  // ln of the sum of exp(x)
};

Normaliser normaliser_of(const float* x, int64_t cols) {
  float m = -infinity();
  for (int64_t i = 0; i < cols; i++) m = x[i] > m ? x[i] : m;
  float total[kLanes] = {};
  for (int64_t block = 0; block < cols; block += kSumBlock) {
    float partial[kLanes] = {};
    for (int64_t i = block; i < block + kSumBlock && i < cols; i++)
      partial[i % kLanes] += exponential(x[i] - m);
    for (int lane = 0; lane < kLanes; lane++) total[lane] += partial[lane];
  }
  const float z = sum_lanes(total);
  return {m, z, static_cast<double>(m) + natural_log(static_cast<double>(z))};
}

// p * (t + exp(-t) - 1)
float term(float p, float q, float t) {
  const float magnitude = t < 0.0f ? -t : t;
  if (!(magnitude < 0.5f)) return fused_multiply_add(p, t, q - p);
  constexpr float kReciprocalFactorial[] = {
      0.5f,          -1.0f / 6.0f,    1.0f / 24.0f,    -1.0f / 120.0f,
      1.0f / 720.0f, -1.0f / 5040.0f, 1.0f / 40320.0f, -1.0f / 362880.0f};
  float s = kReciprocalFactorial[7];
  for (int k = 6; k >= 0; k--) s = fused_multiply_add(s, t, kReciprocalFactorial[k]);
  return (p * (t * t)) * s;
}

}  // namespace

void kl_divergence_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  for (int64_t row = begin; row < end; row++) {
    const float* a = static_cast<const float*>(call.in[0].data) + row * cols;
    const float* b = static_cast<const float*>(call.in[1].data) + row * cols;
    const Normaliser na = normaliser_of(a, cols), nb = normaliser_of(b, cols);
    const float inverse_za = 1.0f / na.z, inverse_zb = 1.0f / nb.z;
    const float shift = static_cast<float>(na.log_sum - nb.log_sum);
    float total[kLanes] = {};
    for (int64_t block = 0; block < cols; block += kSumBlock) {
      float partial[kLanes] = {};
      for (int64_t i = block; i < block + kSumBlock && i < cols; i++) {
        const float p = exponential(a[i] - na.maximum) * inverse_za;
        const float q = exponential(b[i] - nb.maximum) * inverse_zb;
        partial[i % kLanes] += term(p, q, (a[i] - b[i]) - shift);
      }
      for (int lane = 0; lane < kLanes; lane++) total[lane] += partial[lane];
    }
    static_cast<float*>(call.out[0].data)[row] = sum_lanes(total);
  }
}

}  // namespace qn
