// The 16 virtual lanes of the float ops (native/core/float_math.h) in one AVX-512 register. lanes_avx2.h has
// the same names for two AVX registers: an op's algorithm is written once, and each ISA file includes one of
// these before it.
#pragma once

#include <stdint.h>

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

struct Lanes {
  __m512 v;
};

using Mask = __mmask16;

// Vectors that a matrix product may accumulate in registers: of 32, these leave room for the operands.
inline constexpr int kAccumulators = 24;

QN_INLINE Lanes zero_lanes() { return {_mm512_setzero_ps()}; }
QN_INLINE Lanes broadcast(float x) { return {_mm512_set1_ps(x)}; }

// Lanes 0 to n - 1, n in 0..16.
QN_INLINE Mask first_lanes(int64_t n) { return static_cast<Mask>((1u << n) - 1u); }

QN_INLINE Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
QN_INLINE Lanes load(const uint16_t* half) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(half)))};
}
// The first n elements, 0 in the other lanes; reads nothing beyond them.
QN_INLINE Lanes load_first(const float* p, int64_t n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
QN_INLINE Lanes load_first(const uint16_t* half, int64_t n) {
  return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), half))};
}

QN_INLINE void store(float* p, Lanes a) { _mm512_storeu_ps(p, a.v); }
QN_INLINE void store_first(float* p, int64_t n, Lanes a) { _mm512_mask_storeu_ps(p, first_lanes(n), a.v); }

// Has the cache line fetched: any address may be named.
QN_INLINE void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }

QN_INLINE Lanes add(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
QN_INLINE Lanes sub(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
QN_INLINE Lanes mul(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
QN_INLINE Lanes div(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
// a * b + c and c - a * b, rounded once.
QN_INLINE Lanes fma(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
QN_INLINE Lanes fnma(Lanes a, Lanes b, Lanes c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
// a > b ? a : b, so that the second operand's NaN survives and the first's does not.
QN_INLINE Lanes max(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }

// a < b ? a : b.
QN_INLINE Lanes min(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }
QN_INLINE Lanes sqrt(Lanes a) { return {_mm512_sqrt_ps(a.v)}; }
QN_INLINE Lanes floor(Lanes a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF)}; }
QN_INLINE Lanes ceil(Lanes a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF)}; }
// Half to even.
QN_INLINE Lanes nearest(Lanes a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT)}; }
QN_INLINE Lanes absolute(Lanes a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
QN_INLINE Lanes negative(Lanes a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }
// The magnitude of a, which is not negative, with the sign of b.
QN_INLINE Lanes with_sign(Lanes a, Lanes b) {
  return {_mm512_or_ps(a.v, _mm512_and_ps(_mm512_set1_ps(-0.0f), b.v))};
}

QN_INLINE Mask less(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
QN_INLINE Mask equal(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ); }
QN_INLINE Mask not_less_equal(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_NLE_UQ); }
QN_INLINE Mask is_nan(Lanes a) { return _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q); }
QN_INLINE Mask no_lanes() { return 0; }
QN_INLINE Mask either(Mask a, Mask b) { return static_cast<Mask>(a | b); }
QN_INLINE bool any(Mask m) { return m != 0; }
// a where the mask is set, b elsewhere.
QN_INLINE Lanes select(Mask m, Lanes a, Lanes b) { return {_mm512_mask_blend_ps(m, b.v, a.v)}; }

// Lane 0.
QN_INLINE float first(Lanes a) { return _mm_cvtss_f32(_mm512_castps512_ps128(a.v)); }

// Adds the integer in the low bits of `shifted` (see exponential) to the exponent of a.
QN_INLINE Lanes add_to_exponent(Lanes a, Lanes shifted) {
  const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted.v), 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), exponent))};
}

// x = 2^e m, m in [sqrt(1/2), sqrt(2)); x is positive, finite and not subnormal.
QN_INLINE Lanes split_exponent(Lanes x, Lanes& m) {
  const __m512i root = _mm512_set1_epi32(0x3f3504f3);
  const __m512i bits = _mm512_sub_epi32(_mm512_castps_si512(x.v), root);
  const __m512i fraction = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffff));
  m.v = _mm512_castsi512_ps(_mm512_add_epi32(fraction, root));
  return {_mm512_cvtepi32_ps(_mm512_srai_epi32(bits, 23))};
}

QN_INLINE __m256 high_half(__m512 v) {
  return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
}

// The fixed tree: + 8, + 4, + 2, + 1.
QN_INLINE float sum(Lanes a) {
  const __m256 x = _mm256_add_ps(_mm512_castps512_ps256(a.v), high_half(a.v));
  const __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 z = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(z, _mm_movehdup_ps(z)));
}

QN_INLINE float maximum(Lanes a) {
  const __m256 x = _mm256_max_ps(_mm512_castps512_ps256(a.v), high_half(a.v));
  const __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 z = _mm_max_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_max_ss(z, _mm_movehdup_ps(z)));
}

}  // namespace
}  // namespace qn
