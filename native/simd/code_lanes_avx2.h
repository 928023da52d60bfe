// Sixteen u8 codes as int32 lanes in two AVX registers, and tables of 256 bytes. code_lanes_avx512.h has the
// same names and explains them.
#pragma once

#include <stdint.h>

#include "native/simd/lanes_avx2.h"

namespace qn {
namespace {

struct Integers {
  __m256i lo, hi;
};

QN_INLINE Integers broadcast_integer(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }

QN_INLINE Integers load_codes(const uint8_t* p, int64_t n) {
  uint8_t padded[16] = {};
  if (n < 16) {
    for (int64_t i = 0; i < n; i++) padded[i] = p[i];
    p = padded;
  }
  const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepu8_epi32(codes), _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(codes, codes))};
}
QN_INLINE void store_codes(uint8_t* p, int64_t n, Integers a) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a.lo, a.hi), 0xd8);
  const __m128i codes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  if (n == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), codes);
  uint8_t all[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(all), codes);
  for (int64_t i = 0; i < n; i++) p[i] = all[i];
}

QN_INLINE Integers add(Integers a, Integers b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
QN_INLINE Integers sub(Integers a, Integers b) {
  return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)};
}
QN_INLINE Integers mul(Integers a, Integers b) {
  return {_mm256_mullo_epi32(a.lo, b.lo), _mm256_mullo_epi32(a.hi, b.hi)};
}
QN_INLINE Integers min(Integers a, Integers b) {
  return {_mm256_min_epi32(a.lo, b.lo), _mm256_min_epi32(a.hi, b.hi)};
}
QN_INLINE Integers max(Integers a, Integers b) {
  return {_mm256_max_epi32(a.lo, b.lo), _mm256_max_epi32(a.hi, b.hi)};
}
QN_INLINE Integers shift_right(Integers a, Integers count) {
  return {_mm256_srav_epi32(a.lo, count.lo), _mm256_srav_epi32(a.hi, count.hi)};
}

QN_INLINE Lanes to_lanes(Integers a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
QN_INLINE Integers to_integers(Lanes a) { return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)}; }

struct CodeTable {
  const uint8_t* bytes;
};

QN_INLINE CodeTable load_table(const uint8_t* p) { return {p}; }

// Of 32 codes: each 16 entries of the table are looked up at the low four bits, and of the 2^kBits results
// from `part` on, four bits of the code choose one, the highest of them first.
template <int kBits>
QN_INLINE __m256i look_up_part(const uint8_t* part, __m256i low, __m256i codes) {
  if constexpr (kBits == 0) {
    const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(part));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), low);
  } else {
    const __m256i a = look_up_part<kBits - 1>(part, low, codes);
    const __m256i b = look_up_part<kBits - 1>(part + (8 << kBits), low, codes);
    // The bit in question comes to the top of its byte; what crosses from byte to byte lies below.
    return _mm256_blendv_epi8(a, b, _mm256_slli_epi16(codes, 4 - kBits));
  }
}

inline void look_up(uint8_t* p, int64_t n, const CodeTable& table) {
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + i));
    const __m256i low = _mm256_and_si256(codes, _mm256_set1_epi8(15));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + i), look_up_part<4>(table.bytes, low, codes));
  }
  for (; i < n; i++) p[i] = table.bytes[p[i]];
}

}  // namespace
}  // namespace qn
