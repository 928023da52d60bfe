#pragma once

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// sum + four products of unsigned and signed bytes in each of 8 lanes, without saturation: vpdpbusd.
QN_INLINE __m256i add_dot(__m256i sum, __m256i unsigned_bytes, __m256i signed_bytes) {
#if defined(__AVXVNNI__)
  return _mm256_dpbusd_avx_epi32(sum, unsigned_bytes, signed_bytes);  // the VEX encoding
#else
  return _mm256_dpbusd_epi32(sum, unsigned_bytes, signed_bytes);
#endif
}

}  // namespace
}  // namespace qn
