#include "native/kernels/quantize_activations/quantize_activations.h"
#include "native/simd/lanes_avx2.h"

namespace qn {
namespace {

struct Integers {
  __m256i lo, hi;
};

QN_INLINE Integers zero_integers() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
QN_INLINE Integers bits_without_sign(Lanes a) {
  const __m256i mask = _mm256_set1_epi32(0x7fffffff);
  return {_mm256_and_si256(_mm256_castps_si256(a.lo), mask),
          _mm256_and_si256(_mm256_castps_si256(a.hi), mask)};
}
QN_INLINE Integers max(Integers a, Integers b) {
  return {_mm256_max_epi32(a.lo, b.lo), _mm256_max_epi32(a.hi, b.hi)};
}
QN_INLINE Integers add(Integers a, Integers b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
QN_INLINE int32_t maximum(Integers a) {
  const __m256i x = _mm256_max_epi32(a.lo, a.hi);
  __m128i y = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  y = _mm_max_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtsi128_si32(_mm_max_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(2, 3, 0, 1))));
}
QN_INLINE int32_t sum(Integers a) {
  const __m256i x = _mm256_add_epi32(a.lo, a.hi);
  __m128i y = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  y = _mm_add_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtsi128_si32(_mm_add_epi32(y, _mm_shuffle_epi32(y, _MM_SHUFFLE(2, 3, 0, 1))));
}
QN_INLINE Integers round(Lanes a) { return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)}; }
QN_INLINE void store_codes(int8_t* p, Integers a) {
  // Packing works within halves of a register: 0-3, 8-11 | 4-7, 12-15, put in order by the permutation.
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a.lo, a.hi), _MM_SHUFFLE(3, 1, 2, 0));
  const __m128i codes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), codes);
}

}  // namespace
}  // namespace qn

#include "native/kernels/quantize_activations/algorithm.h"

namespace qn {

void quantize_activations_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_rows(call, begin, end);
}

}  // namespace qn
