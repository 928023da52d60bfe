// u8 codes as bytes, 32 in an AVX register. byte_lanes_avx512.h has the same names and explains them.
#pragma once

#include <stdint.h>

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

struct Bytes {
  __m256i v;
};

inline constexpr int64_t kByteLanes = 32;

QN_INLINE Bytes broadcast_byte(uint8_t x) { return {_mm256_set1_epi8(static_cast<char>(x))}; }
QN_INLINE Bytes load_bytes(const uint8_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
}
QN_INLINE void store_bytes(uint8_t* p, int64_t n, Bytes a) {
  if (n == kByteLanes) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v);
  uint8_t all[kByteLanes];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(all), a.v);
  for (int64_t i = 0; i < n; i++) p[i] = all[i];
}
QN_INLINE Bytes max(Bytes a, Bytes b) { return {_mm256_max_epu8(a.v, b.v)}; }
QN_INLINE Bytes min(Bytes a, Bytes b) { return {_mm256_min_epu8(a.v, b.v)}; }

}  // namespace
}  // namespace qn
