// The ends of a range from lanes. Include one of native/simd/lanes_*.h first.
#pragma once

namespace qn {
namespace {

struct Ends {
  float lo, hi;
};

// From the greatest of 8 lanes each, those of lo with their signs changed: both are found by the same
// instructions, in the halves of one register.
QN_INLINE Ends greatest_of(__m256 negated_lo, __m256 hi) {
  __m256 both = _mm256_max_ps(_mm256_permute2f128_ps(hi, negated_lo, 0x20),
                              _mm256_permute2f128_ps(hi, negated_lo, 0x31));
  both = _mm256_max_ps(both, _mm256_permute_ps(both, _MM_SHUFFLE(1, 0, 3, 2)));
  both = _mm256_max_ps(both, _mm256_permute_ps(both, _MM_SHUFFLE(2, 3, 0, 1)));
  // 0 - x, so that there is no -0.
  return {0.0f - _mm_cvtss_f32(_mm256_extractf128_ps(both, 1)), _mm_cvtss_f32(_mm256_castps256_ps128(both))};
}

}  // namespace
}  // namespace qn
