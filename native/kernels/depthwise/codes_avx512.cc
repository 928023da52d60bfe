// Blocks of 64 channels in 512-bit registers, and what is left over in 256-bit ones.
#include <stdint.h>

#include "native/kernels/depthwise/codes_vnni.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

inline constexpr int kTile = 4;

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/codes_256.h"

namespace qn {
namespace {

// As Narrow, which describes it.
struct Wide {
  using Ints = __m512i;
  using Floats = __m512;
  using Operand = __m512i;
  static constexpr int kChannels = 64;
  static constexpr int kLaneCount = 16;
  static constexpr int64_t kQuadBytes = 64;

  static QN_INLINE Ints load(const void* p) { return _mm512_loadu_si512(p); }
  static QN_INLINE void store(void* p, Ints a) { _mm512_storeu_si512(p, a); }
  static QN_INLINE void store_first(uint8_t* p, int64_t n, Ints a) {
    _mm512_mask_storeu_epi8(p, ~uint64_t{0} >> (64 - n), a);
  }
  static QN_INLINE Floats load_floats(const float* p) { return _mm512_loadu_ps(p); }
  static QN_INLINE Ints bytes(int x) { return _mm512_set1_epi8(static_cast<char>(x)); }
  static QN_INLINE Floats floats(float x) { return _mm512_set1_ps(x); }

  static QN_INLINE void interleave(const Ints (&row)[4], Ints (&quad)[4]) {
    const Ints low01 = _mm512_unpacklo_epi8(row[0], row[1]), low23 = _mm512_unpacklo_epi8(row[2], row[3]);
    const Ints high01 = _mm512_unpackhi_epi8(row[0], row[1]), high23 = _mm512_unpackhi_epi8(row[2], row[3]);
    quad[0] = _mm512_unpacklo_epi16(low01, low23);
    quad[1] = _mm512_unpackhi_epi16(low01, low23);
    quad[2] = _mm512_unpacklo_epi16(high01, high23);
    quad[3] = _mm512_unpackhi_epi16(high01, high23);
  }
  static QN_INLINE Operand operand(Ints quad) { return quad; }
  static QN_INLINE void store_quad(uint8_t* p, Ints quad) { store(p, quad); }
  static QN_INLINE Ints dot(Ints sum, Operand codes, const uint8_t* weights) {
    return _mm512_dpbusd_epi32(sum, codes, load(weights));
  }

  static QN_INLINE Floats to_floats(Ints a) { return _mm512_cvtepi32_ps(a); }
  static QN_INLINE Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static QN_INLINE Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static QN_INLINE Floats clamp_codes(Floats a, Floats lo, Floats hi) {
    return _mm512_min_ps(_mm512_max_ps(a, lo), hi);
  }
  static QN_INLINE Floats clamp(Floats a, Floats lo, Floats hi) {
    return _mm512_min_ps(hi, _mm512_max_ps(lo, a));
  }
  static QN_INLINE Ints pack(const Floats (&a)[4], int zero) {
    const Ints offset = _mm512_set1_epi16(static_cast<int16_t>(zero));
    const Ints low = _mm512_packs_epi32(_mm512_cvtps_epi32(a[0]), _mm512_cvtps_epi32(a[1]));
    const Ints high = _mm512_packs_epi32(_mm512_cvtps_epi32(a[2]), _mm512_cvtps_epi32(a[3]));
    return _mm512_packus_epi16(_mm512_add_epi16(low, offset), _mm512_add_epi16(high, offset));
  }
  static QN_INLINE void store_floats(float* p, int q, Floats a) {
    const Ints v = _mm512_castps_si512(a);
    store_128(p + 4 * q, _mm512_castsi512_si128(v));
    store_128(p + 16 + 4 * q, _mm512_extracti32x4_epi32(v, 1));
    store_128(p + 32 + 4 * q, _mm512_extracti32x4_epi32(v, 2));
    store_128(p + 48 + 4 * q, _mm512_extracti32x4_epi32(v, 3));
  }
  static QN_INLINE void store_128(float* p, __m128i a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), a); }
};

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/codes_algorithm.h"

namespace qn {

void depthwise_u8_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_u8(call, begin, end, scratch, apply_fused_avx512);
}

void depthwise_dynamic_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_dynamic(call, begin, end, scratch, apply_fused_avx512);
}

}  // namespace qn
