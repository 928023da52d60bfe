// Sixteen u8 codes as int32 lanes, and 64 of them as bytes, in AVX-512 registers. code_lanes_avx2.h has the
// same names.
#pragma once

#include <stdint.h>

#include "native/simd/lanes_avx512.h"

namespace qn {
namespace {

struct Integers {
  __m512i v;
};

QN_INLINE Integers broadcast_integer(int32_t x) { return {_mm512_set1_epi32(x)}; }

// The first n codes, n in 0..16; reads nothing beyond them.
QN_INLINE Integers load_codes(const uint8_t* p, int64_t n) {
  const __mmask16 mask = static_cast<__mmask16>((1u << n) - 1u);
  return {_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, p))};
}
// Lanes are in 0..255. A masked store of bytes takes many times a plain one's time on Zen 4.
QN_INLINE void store_codes(uint8_t* p, int64_t n, Integers a) {
  const __m128i codes = _mm512_cvtepi32_epi8(a.v);
  if (n == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), codes);
  _mm_mask_storeu_epi8(p, static_cast<__mmask16>((1u << n) - 1u), codes);
}

QN_INLINE Integers add(Integers a, Integers b) { return {_mm512_add_epi32(a.v, b.v)}; }
QN_INLINE Integers sub(Integers a, Integers b) { return {_mm512_sub_epi32(a.v, b.v)}; }
// The low 32 bits.
QN_INLINE Integers mul(Integers a, Integers b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
QN_INLINE Integers min(Integers a, Integers b) { return {_mm512_min_epi32(a.v, b.v)}; }
QN_INLINE Integers max(Integers a, Integers b) { return {_mm512_max_epi32(a.v, b.v)}; }
// Arithmetic shift.
QN_INLINE Integers shift_right(Integers a, Integers count) { return {_mm512_srav_epi32(a.v, count.v)}; }

QN_INLINE Lanes to_lanes(Integers a) { return {_mm512_cvtepi32_ps(a.v)}; }
// Half to even; the value fits.
QN_INLINE Integers to_integers(Lanes a) { return {_mm512_cvtps_epi32(a.v)}; }

// A table of 256 bytes, read without VBMI's byte look-ups.
struct CodeTable {
  __m512i words[4];
};

QN_INLINE CodeTable load_table(const uint8_t* p) {
  return {{_mm512_loadu_si512(p), _mm512_loadu_si512(p + 64), _mm512_loadu_si512(p + 128),
           _mm512_loadu_si512(p + 192)}};
}

// The table's words at `half`, codes halved: 7 bits, of which each of two look-ups takes 6.
QN_INLINE __m512i look_up_words(const CodeTable& table, __m512i half) {
  const __m512i low = _mm512_permutex2var_epi16(table.words[0], half, table.words[1]);
  const __m512i high = _mm512_permutex2var_epi16(table.words[2], half, table.words[3]);
  const __mmask32 upper = _mm512_test_epi16_mask(half, _mm512_set1_epi16(64));
  return _mm512_mask_blend_epi16(upper, low, high);
}

// table[code] of up to 64 codes in place: a code's low bit tells which byte of its word.
inline void look_up(uint8_t* p, int64_t n, const CodeTable& table) {
  const __m512i low_byte = _mm512_set1_epi16(0xff), one = _mm512_set1_epi16(1);
  for (int64_t i = 0; i < n; i += 64) {
    const __mmask64 mask = n - i < 64 ? (uint64_t{1} << (n - i)) - 1 : ~uint64_t{0};
    const __m512i codes = _mm512_maskz_loadu_epi8(mask, p + i);
    const __m512i even = _mm512_and_si512(codes, low_byte), odd = _mm512_srli_epi16(codes, 8);
    const __m512i even_words = look_up_words(table, _mm512_srli_epi16(even, 1));
    const __m512i odd_words = look_up_words(table, _mm512_srli_epi16(odd, 1));
    const __mmask32 even_high = _mm512_test_epi16_mask(even, one);
    const __mmask32 odd_high = _mm512_test_epi16_mask(odd, one);
    const __m512i even_bytes = _mm512_mask_blend_epi16(even_high, _mm512_and_si512(even_words, low_byte),
                                                       _mm512_srli_epi16(even_words, 8));
    const __m512i odd_bytes = _mm512_mask_blend_epi16(odd_high, _mm512_slli_epi16(odd_words, 8), odd_words);
    const __m512i high_byte = _mm512_slli_epi16(low_byte, 8);
    _mm512_mask_storeu_epi8(p + i, mask, _mm512_or_si512(even_bytes, _mm512_and_si512(odd_bytes, high_byte)));
  }
}

}  // namespace
}  // namespace qn
