#include "native/cpu/ceiling_loops.h"
#include "native/simd/dot_avxvnni.h"

namespace qn::cpu {

int32_t ceiling_dot_avxvnni(const uint8_t* codes, int64_t rounds) {
  const __m256i weights = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes));
  const __m256i activations = _mm256_set1_epi8(63);
  __m256i sum[kDotAccumulatorsAvxvnni];
  // From memory: with sums that begin as constants GCC 12 spills every one of them in the loop.
  QN_UNROLL
  for (int i = 0; i < kDotAccumulatorsAvxvnni; i++) {
    sum[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes + 32 * i));
  }
  for (int64_t round = 0; round < rounds; round++) {
    QN_UNROLL
    for (int i = 0; i < kDotAccumulatorsAvxvnni; i++) sum[i] = add_dot(sum[i], weights, activations);
  }
  QN_UNROLL
  for (int i = 1; i < kDotAccumulatorsAvxvnni; i++) sum[0] = _mm256_xor_si256(sum[0], sum[i]);
  int32_t lanes[8];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), sum[0]);
  return lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3] ^ lanes[4] ^ lanes[5] ^ lanes[6] ^ lanes[7];
}

}  // namespace qn::cpu
