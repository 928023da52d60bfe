// The 16 virtual lanes of the float ops (native/core/float_math.h) in two AVX registers: lanes 0 to 7 and 8
// to 15. lanes_avx512.h has the same names and explains them.
#pragma once

#include <stdint.h>

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

struct Lanes {
  __m256 lo, hi;
};

struct Mask {
  __m256 lo, hi;  // all bits of a lane set, or none
};

// Of 16 registers, 6 vectors take 12.
inline constexpr int kAccumulators = 6;

QN_INLINE Lanes zero_lanes() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
QN_INLINE Lanes broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }

QN_INLINE Mask first_lanes(int64_t n) {
  alignas(64) static const int32_t window[32] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                 -1, -1, -1, -1, -1, -1, -1, -1};
  const float* p = reinterpret_cast<const float*>(window + 16 - n);
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

QN_INLINE Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
QN_INLINE Lanes load(const uint16_t* half) {
  const __m128i* p = reinterpret_cast<const __m128i*>(half);
  return {_mm256_cvtph_ps(_mm_loadu_si128(p)), _mm256_cvtph_ps(_mm_loadu_si128(p + 1))};
}
QN_INLINE Lanes load_first(const float* p, int64_t n) {
  const Mask m = first_lanes(n);
  return {_mm256_maskload_ps(p, _mm256_castps_si256(m.lo)),
          _mm256_maskload_ps(p + 8, _mm256_castps_si256(m.hi))};
}
QN_INLINE Lanes load_first(const uint16_t* half, int64_t n) {
  uint16_t padded[16] = {};
  for (int64_t i = 0; i < n; i++) padded[i] = half[i];
  return load(padded);
}

QN_INLINE void store(float* p, Lanes a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
QN_INLINE void store(uint16_t* half, Lanes a) {
  __m128i* p = reinterpret_cast<__m128i*>(half);
  _mm_storeu_si128(p, _mm256_cvtps_ph(a.lo, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(p + 1, _mm256_cvtps_ph(a.hi, _MM_FROUND_TO_NEAREST_INT));
}
QN_INLINE void store_first(float* p, int64_t n, Lanes a) {
  const Mask m = first_lanes(n);
  _mm256_maskstore_ps(p, _mm256_castps_si256(m.lo), a.lo);
  _mm256_maskstore_ps(p + 8, _mm256_castps_si256(m.hi), a.hi);
}

QN_INLINE void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }

QN_INLINE Lanes add(Lanes a, Lanes b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
QN_INLINE Lanes sub(Lanes a, Lanes b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
QN_INLINE Lanes mul(Lanes a, Lanes b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
QN_INLINE Lanes div(Lanes a, Lanes b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
QN_INLINE Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
QN_INLINE Lanes fnma(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
QN_INLINE Lanes max(Lanes a, Lanes b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }

QN_INLINE Lanes min(Lanes a, Lanes b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
QN_INLINE Lanes sqrt(Lanes a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
QN_INLINE Lanes floor(Lanes a) {
  return {_mm256_round_ps(a.lo, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC),
          _mm256_round_ps(a.hi, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};
}
QN_INLINE Lanes ceil(Lanes a) {
  return {_mm256_round_ps(a.lo, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC),
          _mm256_round_ps(a.hi, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)};
}
QN_INLINE Lanes nearest(Lanes a) {
  return {_mm256_round_ps(a.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
          _mm256_round_ps(a.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
QN_INLINE Lanes absolute(Lanes a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
QN_INLINE Lanes negative(Lanes a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_xor_ps(a.lo, sign), _mm256_xor_ps(a.hi, sign)};
}
QN_INLINE Lanes with_sign(Lanes a, Lanes b) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_or_ps(a.lo, _mm256_and_ps(sign, b.lo)), _mm256_or_ps(a.hi, _mm256_and_ps(sign, b.hi))};
}

QN_INLINE Mask less(Lanes a, Lanes b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
QN_INLINE Mask equal(Lanes a, Lanes b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ)};
}
QN_INLINE Mask not_less_equal(Lanes a, Lanes b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_NLE_UQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_NLE_UQ)};
}
QN_INLINE Mask is_nan(Lanes a) {
  return {_mm256_cmp_ps(a.lo, a.lo, _CMP_UNORD_Q), _mm256_cmp_ps(a.hi, a.hi, _CMP_UNORD_Q)};
}
QN_INLINE Mask no_lanes() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
QN_INLINE Mask either(Mask a, Mask b) { return {_mm256_or_ps(a.lo, b.lo), _mm256_or_ps(a.hi, b.hi)}; }
QN_INLINE bool any(Mask m) { return _mm256_movemask_ps(_mm256_or_ps(m.lo, m.hi)) != 0; }
QN_INLINE Lanes select(Mask m, Lanes a, Lanes b) {
  return {_mm256_blendv_ps(b.lo, a.lo, m.lo), _mm256_blendv_ps(b.hi, a.hi, m.hi)};
}

QN_INLINE float first(Lanes a) { return _mm_cvtss_f32(_mm256_castps256_ps128(a.lo)); }

QN_INLINE __m256 add_to_exponent(__m256 a, __m256 shifted) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent));
}
QN_INLINE Lanes add_to_exponent(Lanes a, Lanes shifted) {
  return {add_to_exponent(a.lo, shifted.lo), add_to_exponent(a.hi, shifted.hi)};
}

QN_INLINE __m256 split_exponent(__m256 x, __m256& m) {
  const __m256i root = _mm256_set1_epi32(0x3f3504f3);
  const __m256i bits = _mm256_sub_epi32(_mm256_castps_si256(x), root);
  const __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffff));
  m = _mm256_castsi256_ps(_mm256_add_epi32(fraction, root));
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(bits, 23));
}
QN_INLINE Lanes split_exponent(Lanes x, Lanes& m) {
  return {split_exponent(x.lo, m.lo), split_exponent(x.hi, m.hi)};
}

QN_INLINE float sum(Lanes a) {
  const __m256 x = _mm256_add_ps(a.lo, a.hi);
  const __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 z = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(z, _mm_movehdup_ps(z)));
}

QN_INLINE float maximum(Lanes a) {
  const __m256 x = _mm256_max_ps(a.lo, a.hi);
  const __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 z = _mm_max_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_max_ss(z, _mm_movehdup_ps(z)));
}

}  // namespace
}  // namespace qn
