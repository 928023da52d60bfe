// 32 channels of codes in 256-bit registers. The including file defines Quad (a register of quads as `dot`
// takes it), quad_of, kWeightBytes, store_weights and dot.
//
// A quad is the codes of 4 rows of the window at one column of one channel, side by side as vpdpbusd wants
// them. Unpacking works within 128-bit lanes, so that vector q of the 4 that hold 32 channels has channel 16
// * (lane / 4) + 4 * q + lane % 4 in its lane; packing at the end undoes that.
#pragma once

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

struct Narrow {
  using Ints = __m256i;
  using Floats = __m256;
  using Operand = Quad;
  static constexpr int kChannels = 32;
  static constexpr int kLaneCount = 8;
  static constexpr int64_t kQuadBytes = kWeightBytes;

  static QN_INLINE Ints load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static QN_INLINE void store(void* p, Ints a) { _mm256_storeu_si256(static_cast<__m256i*>(p), a); }
  // The first n codes, eight at a time as far as they go.
  static QN_INLINE void store_first(uint8_t* p, int64_t n, Ints a) {
    uint8_t all[kChannels];
    store(all, a);
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
      _mm_storel_epi64(reinterpret_cast<__m128i*>(p + i),
                       _mm_loadl_epi64(reinterpret_cast<const __m128i*>(all + i)));
    }
    for (; i < n; i++) p[i] = all[i];
  }
  static QN_INLINE Floats load_floats(const float* p) { return _mm256_loadu_ps(p); }
  static QN_INLINE Ints bytes(int x) { return _mm256_set1_epi8(static_cast<char>(x)); }
  static QN_INLINE Floats floats(float x) { return _mm256_set1_ps(x); }

  static QN_INLINE void interleave(const Ints (&row)[4], Ints (&quad)[4]) {
    const Ints low01 = _mm256_unpacklo_epi8(row[0], row[1]), low23 = _mm256_unpacklo_epi8(row[2], row[3]);
    const Ints high01 = _mm256_unpackhi_epi8(row[0], row[1]), high23 = _mm256_unpackhi_epi8(row[2], row[3]);
    quad[0] = _mm256_unpacklo_epi16(low01, low23);
    quad[1] = _mm256_unpackhi_epi16(low01, low23);
    quad[2] = _mm256_unpacklo_epi16(high01, high23);
    quad[3] = _mm256_unpackhi_epi16(high01, high23);
  }
  static QN_INLINE Operand operand(Ints quad) { return quad_of(quad); }
  static QN_INLINE void store_quad(uint8_t* p, Ints quad) { store_weights(p, quad); }
  static QN_INLINE Ints dot(Ints sum, const Operand& codes, const uint8_t* weights) {
    return qn::dot(sum, codes, weights);
  }

  static QN_INLINE Floats to_floats(Ints a) { return _mm256_cvtepi32_ps(a); }
  static QN_INLINE Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static QN_INLINE Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  // NaN becomes lo.
  static QN_INLINE Floats clamp_codes(Floats a, Floats lo, Floats hi) {
    return _mm256_min_ps(_mm256_max_ps(a, lo), hi);
  }
  // Keeps NaN.
  static QN_INLINE Floats clamp(Floats a, Floats lo, Floats hi) {
    return _mm256_min_ps(hi, _mm256_max_ps(lo, a));
  }
  // Rounds and adds the zero point: 32 codes in the order of channels.
  static QN_INLINE Ints pack(const Floats (&a)[4], int zero) {
    const Ints offset = _mm256_set1_epi16(static_cast<int16_t>(zero));
    const Ints low = _mm256_packs_epi32(_mm256_cvtps_epi32(a[0]), _mm256_cvtps_epi32(a[1]));
    const Ints high = _mm256_packs_epi32(_mm256_cvtps_epi32(a[2]), _mm256_cvtps_epi32(a[3]));
    return _mm256_packus_epi16(_mm256_add_epi16(low, offset), _mm256_add_epi16(high, offset));
  }
  // Vector q, its channels in order from p on.
  static QN_INLINE void store_floats(float* p, int q, Floats a) {
    _mm_storeu_ps(p + 4 * q, _mm256_castps256_ps128(a));
    _mm_storeu_ps(p + 16 + 4 * q, _mm256_extractf128_ps(a, 1));
  }
};

}  // namespace
}  // namespace qn
