#include "native/cpu/ceiling_loops.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn::cpu {

uint64_t ceiling_read_avx512(const uint8_t* data, int64_t bytes) {
  __m512i sum[4];
  QN_UNROLL
  for (int i = 0; i < 4; i++) sum[i] = _mm512_setzero_si512();
  for (const uint8_t* end = data + bytes; data < end; data += 64 * 16) {
    QN_UNROLL
    for (int i = 0; i < 16; i++) sum[i % 4] = _mm512_xor_si512(sum[i % 4], _mm512_load_si512(data + 64 * i));
  }
  uint64_t words[8];
  _mm512_storeu_si512(words,
                      _mm512_xor_si512(_mm512_xor_si512(sum[0], sum[1]), _mm512_xor_si512(sum[2], sum[3])));
  return words[0] ^ words[1] ^ words[2] ^ words[3] ^ words[4] ^ words[5] ^ words[6] ^ words[7];
}

float ceiling_fma_avx512(const float* seeds, int64_t rounds) {
  const __m512 factor = _mm512_set1_ps(kCeilingFactor), addend = _mm512_set1_ps(kCeilingAddend);
  __m512 value[kFmaAccumulatorsAvx512];
  QN_UNROLL
  for (int i = 0; i < kFmaAccumulatorsAvx512; i++) value[i] = _mm512_loadu_ps(seeds + 16 * i);
  for (int64_t round = 0; round < rounds; round++) {
    QN_UNROLL
    for (int i = 0; i < kFmaAccumulatorsAvx512; i++) value[i] = _mm512_fmadd_ps(value[i], factor, addend);
  }
  QN_UNROLL
  for (int i = 1; i < kFmaAccumulatorsAvx512; i++) value[0] = _mm512_add_ps(value[0], value[i]);
  float lanes[16];
  _mm512_storeu_ps(lanes, value[0]);
  float result = 0;
  for (int lane = 0; lane < 16; lane++) result += lanes[lane];
  return result;
}

int32_t ceiling_dot_avx512(const uint8_t* codes, int64_t rounds) {
  const __m512i weights = _mm512_load_si512(codes), activations = _mm512_set1_epi8(63);
  __m512i sum[kDotAccumulatorsAvx512];
  QN_UNROLL
  for (int i = 0; i < kDotAccumulatorsAvx512; i++) sum[i] = _mm512_load_si512(codes + 64 * i);
  for (int64_t round = 0; round < rounds; round++) {
    QN_UNROLL
    for (int i = 0; i < kDotAccumulatorsAvx512; i++)
      sum[i] = _mm512_dpbusd_epi32(sum[i], weights, activations);
  }
  QN_UNROLL
  for (int i = 1; i < kDotAccumulatorsAvx512; i++) sum[0] = _mm512_xor_si512(sum[0], sum[i]);
  int32_t lanes[16];
  _mm512_storeu_si512(lanes, sum[0]);
  int32_t result = 0;
  for (int lane = 0; lane < 16; lane++) result ^= lanes[lane];
  return result;
}

}  // namespace qn::cpu
