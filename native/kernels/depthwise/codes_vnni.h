// What codes_256.h wants of its including file, with vpdpbusd: quads as they are, and weights as many bytes.
#pragma once

#include <stdint.h>

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

using Quad = __m256i;

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
