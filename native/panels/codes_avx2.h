// Codes of weight panels (Weight in call.h) as floats, 16 rows in two AVX registers. codes_avx512.h has the
// same names and explains them.
#pragma once

#include <stdint.h>

#include "native/core/call.h"
#include "native/simd/lanes_avx2.h"

namespace qn {
namespace {

struct Word {
  __m256i lo, hi;  // rows 0 to 7, 8 to 15
};

QN_INLINE Word load_word(const uint8_t* p) {
  const __m256i* halves = reinterpret_cast<const __m256i*>(p);
  return {_mm256_load_si256(halves), _mm256_load_si256(halves + 1)};
}

QN_INLINE Lanes load_bytes(const uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
          _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)))};
}

QN_INLINE __m256 bfloat16_to_float(const uint8_t* p) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

QN_INLINE Lanes load_bfloat16(const uint8_t* p) { return {bfloat16_to_float(p), bfloat16_to_float(p + 16)}; }

// Code i of every 32-bit lane, which holds one row's codes of 4 (u8), 8 (u4) or 16 (u2) columns; see Weight
// in call.h.
template <WeightFormat kFormat, int i>
QN_INLINE __m256 code(__m256i lanes) {
  constexpr int kBits = kFormat == WeightFormat::u8 ? 8 : kFormat == WeightFormat::u4 ? 4 : 2;
  // The 4 columns of a chunk share the shift and the mask; a shuffle then takes one byte of each lane,
  // zero-extended.
  __m256i bytes = lanes;
  if constexpr (kBits < 8) {
    const __m256i mask = _mm256_set1_epi8((1 << kBits) - 1);
    bytes = _mm256_and_si256(_mm256_srli_epi32(lanes, kBits * (i >> 2)), mask);
  }
  const __m256i pick = _mm256_set1_epi32(static_cast<int>(0x80808000u | (i & 3)));
  const __m256i lane_start = _mm256_set_epi32(12, 8, 4, 0, 12, 8, 4, 0);
  return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(bytes, _mm256_add_epi32(pick, lane_start)));
}

template <WeightFormat kFormat, int i>
QN_INLINE Lanes code(const Word& word) {
  return {code<kFormat, i>(word.lo), code<kFormat, i>(word.hi)};
}

struct Table {
  __m256 lo, hi;  // values 0 to 7, 8 to 15
};

QN_INLINE Table load_table(const float* p) { return {_mm256_load_ps(p), _mm256_load_ps(p + 8)}; }

// vpermps looks at the low 3 bits of a lane; the code's fourth, brought to the sign, chooses between the
// halves.
template <int i>
QN_INLINE __m256 look_up(__m256i lanes, const Table& table) {
  constexpr int kShift = 8 * (i & 3) + 4 * (i >> 2);
  const __m256i codes = _mm256_srli_epi32(lanes, kShift);
  const __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(lanes, 28 - kShift));
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(table.lo, codes),
                          _mm256_permutevar8x32_ps(table.hi, codes), upper);
}

template <int i>
QN_INLINE Lanes look_up(const Word& word, const Table& table) {
  return {look_up<i>(word.lo, table), look_up<i>(word.hi, table)};
}

}  // namespace
}  // namespace qn
