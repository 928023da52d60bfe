#include "native/cpu/ceiling_loops.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn::cpu {

uint64_t ceiling_read_avx2(const uint8_t* data, int64_t bytes) {
  __m256i sum[4];
  QN_UNROLL
  for (int i = 0; i < 4; i++) sum[i] = _mm256_setzero_si256();
  for (const uint8_t* end = data + bytes; data < end; data += 32 * 16) {
    QN_UNROLL
    for (int i = 0; i < 16; i++) {
      const __m256i loaded = _mm256_load_si256(reinterpret_cast<const __m256i*>(data + 32 * i));
      sum[i % 4] = _mm256_xor_si256(sum[i % 4], loaded);
    }
  }
  const __m256i all = _mm256_xor_si256(_mm256_xor_si256(sum[0], sum[1]), _mm256_xor_si256(sum[2], sum[3]));
  uint64_t words[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), all);
  return words[0] ^ words[1] ^ words[2] ^ words[3];
}

float ceiling_fma_avx2(const float* seeds, int64_t rounds) {
  const __m256 factor = _mm256_set1_ps(kCeilingFactor), addend = _mm256_set1_ps(kCeilingAddend);
  __m256 value[kFmaAccumulatorsAvx2];
  QN_UNROLL
  for (int i = 0; i < kFmaAccumulatorsAvx2; i++) value[i] = _mm256_loadu_ps(seeds + 8 * i);
  for (int64_t round = 0; round < rounds; round++) {
    QN_UNROLL
    for (int i = 0; i < kFmaAccumulatorsAvx2; i++) value[i] = _mm256_fmadd_ps(value[i], factor, addend);
  }
  QN_UNROLL
  for (int i = 1; i < kFmaAccumulatorsAvx2; i++) value[0] = _mm256_add_ps(value[0], value[i]);
  float lanes[8];
  _mm256_storeu_ps(lanes, value[0]);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3] + lanes[4] + lanes[5] + lanes[6] + lanes[7];
}

// Without VNNI an exact dot product takes three instructions: pairs of products in 16 bits (which hold them:
// the activations here are at most 63), pairs of those in 32 bits, and the addition.
int32_t ceiling_dot_avx2(const uint8_t* codes, int64_t rounds) {
  constexpr int64_t kStride = 32 * kDotAccumulatorsAvx2;
  const __m256i activations = _mm256_set1_epi8(63), ones = _mm256_set1_epi16(1);
  __m256i sum[kDotAccumulatorsAvx2];
  // From memory: with sums that begin as constants GCC 12 spills some of them in the loop.
  QN_UNROLL
  for (int i = 0; i < kDotAccumulatorsAvx2; i++) {
    sum[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes + 32 * i));
  }
  for (int64_t round = 0; round < rounds; round++) {
    // Other codes each round, or the compiler would multiply once and only add from then on.
    const uint8_t* at = codes + (round * kStride & (kCeilingCodes - 1));
    QN_UNROLL
    for (int i = 0; i < kDotAccumulatorsAvx2; i++) {
      const __m256i weights = _mm256_load_si256(reinterpret_cast<const __m256i*>(at + 32 * i));
      const __m256i pairs = _mm256_maddubs_epi16(weights, activations);
      sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(pairs, ones));
    }
  }
  QN_UNROLL
  for (int i = 1; i < kDotAccumulatorsAvx2; i++) sum[0] = _mm256_xor_si256(sum[0], sum[i]);
  int32_t lanes[8];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), sum[0]);
  return lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3] ^ lanes[4] ^ lanes[5] ^ lanes[6] ^ lanes[7];
}

}  // namespace qn::cpu
