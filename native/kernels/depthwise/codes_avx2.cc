// Quads are split into codes 0 and 2 and codes 1 and 3, as i16: vpmaddwd adds two exact products, where
// vpmaddubsw would saturate.
#include <stdint.h>

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

struct Quad {
  __m256i even, odd;
};

inline constexpr int kTile = 2;
inline constexpr int64_t kWeightBytes = 64;

QN_INLINE Quad quad_of(__m256i codes) {
  return {_mm256_and_si256(codes, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(codes, 8)};
}

QN_INLINE void store_weights(uint8_t* p, __m256i weights) {
  __m256i* to = reinterpret_cast<__m256i*>(p);
  _mm256_storeu_si256(to, _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8));
  _mm256_storeu_si256(to + 1, _mm256_srai_epi16(weights, 8));
}

QN_INLINE __m256i dot(__m256i sum, const Quad& codes, const uint8_t* weights) {
  const __m256i* w = reinterpret_cast<const __m256i*>(weights);
  const __m256i even = _mm256_madd_epi16(codes.even, _mm256_loadu_si256(w));
  const __m256i odd = _mm256_madd_epi16(codes.odd, _mm256_loadu_si256(w + 1));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/codes_256.h"

namespace qn {
namespace {

using Wide = Narrow;  // never more channels

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/codes_algorithm.h"

namespace qn {

void depthwise_u8_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_u8(call, begin, end, scratch, apply_fused_avx2);
}

void depthwise_dynamic_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_dynamic(call, begin, end, scratch, apply_fused_avx2);
}

}  // namespace qn
