#include <stdint.h>

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

using Quad = __m256i;

inline constexpr int kTile = 2;
inline constexpr int64_t kWeightBytes = 32;

QN_INLINE Quad quad_of(__m256i codes) { return codes; }

QN_INLINE void store_weights(uint8_t* p, __m256i weights) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), weights);
}

QN_INLINE __m256i dot(__m256i sum, Quad codes, const uint8_t* weights) {
  const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
#if defined(__AVXVNNI__)
  return _mm256_dpbusd_avx_epi32(sum, codes, w);  // the VEX encoding
#else
  return _mm256_dpbusd_epi32(sum, codes, w);
#endif
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

void depthwise_u8_avxvnni(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_u8(call, begin, end, scratch, apply_fused_avx2);
}

void depthwise_dynamic_avxvnni(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_dynamic(call, begin, end, scratch, apply_fused_avx2);
}

}  // namespace qn
