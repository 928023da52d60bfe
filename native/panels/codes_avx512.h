// Codes of weight panels (Weight in call.h) as floats, 16 rows in an AVX-512 register. codes_avx2.h has the
// same names for two AVX registers; decode.h builds on either.
#pragma once

#include <stdint.h>

#include "native/core/call.h"
#include "native/simd/lanes_avx512.h"

namespace qn {
namespace {

using Word = __m512i;

QN_INLINE Word load_word(const uint8_t* p) { return _mm512_load_si512(p); }

QN_INLINE Lanes load_bytes(const uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))};
}

QN_INLINE Lanes load_bfloat16(const uint8_t* p) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16))};
}

// A 32-bit lane of a word holds one row's codes of 4 (u8), 8 (u4) or 16 (u2) columns; see Weight in call.h.
template <WeightFormat kFormat, int i>
QN_INLINE Lanes code(Word word) {
  if constexpr (kFormat == WeightFormat::u8) {
    // Byte i of each lane alone, zero-extended: a shuffle instead of a shift and a mask.
    const __m512i pick = _mm512_set1_epi32(static_cast<int>(0x80808000u | i));
    const __m512i lane_start = _mm512_set_epi32(12, 8, 4, 0, 12, 8, 4, 0, 12, 8, 4, 0, 12, 8, 4, 0);
    return {_mm512_cvtepi32_ps(_mm512_shuffle_epi8(word, _mm512_add_epi32(pick, lane_start)))};
  } else {
    // vpermps looks at the low 4 bits of a lane only, so a table of 16 floats masks and converts in one
    // instruction.
    constexpr int kBits = kFormat == WeightFormat::u4 ? 4 : 2;
    const __m512 table = kBits == 4 ? _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
                                    : _mm512_setr_ps(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    return {_mm512_permutexvar_ps(_mm512_srli_epi32(word, 8 * (i & 3) + kBits * (i >> 2)), table)};
  }
}

using Table = __m512;

QN_INLINE Table load_table(const float* p) { return _mm512_load_ps(p); }

template <int i>
QN_INLINE Lanes look_up(Word word, Table table) {
  return {_mm512_permutexvar_ps(_mm512_srli_epi32(word, 8 * (i & 3) + 4 * (i >> 2)), table)};
}

}  // namespace
}  // namespace qn
