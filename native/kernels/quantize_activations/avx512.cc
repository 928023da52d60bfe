#include "native/kernels/quantize_activations/quantize_activations.h"
#include "native/simd/lanes_avx512.h"

namespace qn {
namespace {

struct Integers {
  __m512i v;
};

QN_INLINE Integers zero_integers() { return {_mm512_setzero_si512()}; }
QN_INLINE Integers bits_without_sign(Lanes a) {
  return {_mm512_and_si512(_mm512_castps_si512(a.v), _mm512_set1_epi32(0x7fffffff))};
}
QN_INLINE Integers max(Integers a, Integers b) { return {_mm512_max_epi32(a.v, b.v)}; }
QN_INLINE Integers add(Integers a, Integers b) { return {_mm512_add_epi32(a.v, b.v)}; }
QN_INLINE __m256i low_half(Integers a) { return _mm512_castsi512_si256(a.v); }
QN_INLINE __m256i high_half(Integers a) { return _mm512_extracti64x4_epi64(a.v, 1); }
QN_INLINE int32_t maximum(Integers a) {
  const __m256i x = _mm256_max_epi32(low_half(a), high_half(a));
  __m128i y = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  y = _mm_max_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtsi128_si32(_mm_max_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(2, 3, 0, 1))));
}
QN_INLINE int32_t sum(Integers a) {
  const __m256i x = _mm256_add_epi32(low_half(a), high_half(a));
  __m128i y = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  y = _mm_add_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtsi128_si32(_mm_add_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(2, 3, 0, 1))));
}
QN_INLINE Integers round(Lanes a) { return {_mm512_cvtps_epi32(a.v)}; }
QN_INLINE void store_codes(int8_t* p, Integers a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(a.v));
}

}  // namespace
}  // namespace qn

#include "native/kernels/quantize_activations/algorithm.h"

namespace qn {

void quantize_activations_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_rows(call, begin, end);
}

}  // namespace qn
