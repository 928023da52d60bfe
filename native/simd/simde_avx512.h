// AVX-512 intrinsics that SIMDe 0.7.4 (Debian 12) lacks, for the test-only build: the plainest code that is
// right. Newer versions of SIMDe have some of them; those are left alone.
#pragma once

#include <stdint.h>

#if !defined(_mm512_cvtepi32_ps)
static inline simde__m512 qn_simde_mm512_cvtepi32_ps(simde__m512i a) {
  int32_t in[16];
  float out[16];
  simde_mm512_storeu_si512(in, a);
  for (int i = 0; i < 16; i++) out[i] = static_cast<float>(in[i]);
  return simde_mm512_loadu_ps(out);
}
#define _mm512_cvtepi32_ps(a) qn_simde_mm512_cvtepi32_ps(a)
#endif

#if !defined(_mm512_cvtps_epi32)
static inline simde__m512i qn_simde_mm512_cvtps_epi32(simde__m512 a) {
  float in[16];
  int32_t out[16];
  simde_mm512_storeu_ps(in, a);
  for (int i = 0; i < 16; i += 4) {
    simde_mm_storeu_si128(reinterpret_cast<simde__m128i*>(out + i),
                          simde_mm_cvtps_epi32(simde_mm_loadu_ps(in + i)));
  }
  return simde_mm512_loadu_si512(out);
}
#define _mm512_cvtps_epi32(a) qn_simde_mm512_cvtps_epi32(a)
#endif

// SIMDe 0.7.4 gives the name four parameters, as its masked form has.
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)

#if !defined(_mm512_cvtepu8_epi32)
static inline simde__m512i qn_simde_mm512_cvtepu8_epi32(simde__m128i a) {
  uint8_t in[16];
  int32_t out[16];
  simde_mm_storeu_si128(reinterpret_cast<simde__m128i*>(in), a);
  for (int i = 0; i < 16; i++) out[i] = in[i];
  return simde_mm512_loadu_si512(out);
}
#define _mm512_cvtepu8_epi32(a) qn_simde_mm512_cvtepu8_epi32(a)
#endif

#if !defined(_mm512_cvtepu16_epi32)
static inline simde__m512i qn_simde_mm512_cvtepu16_epi32(simde__m256i a) {
  uint16_t in[16];
  int32_t out[16];
  simde_mm256_storeu_si256(reinterpret_cast<simde__m256i*>(in), a);
  for (int i = 0; i < 16; i++) out[i] = in[i];
  return simde_mm512_loadu_si512(out);
}
#define _mm512_cvtepu16_epi32(a) qn_simde_mm512_cvtepu16_epi32(a)
#endif

#if !defined(_mm512_cvtph_ps)
static inline simde__m512 qn_simde_mm512_cvtph_ps(simde__m256i a) {
  float out[16];
  simde_mm256_storeu_ps(out, simde_mm256_cvtph_ps(simde_mm256_castsi256_si128(a)));
  simde_mm256_storeu_ps(out + 8, simde_mm256_cvtph_ps(simde_mm256_extracti128_si256(a, 1)));
  return simde_mm512_loadu_ps(out);
}
#define _mm512_cvtph_ps(a) qn_simde_mm512_cvtph_ps(a)
#endif

// Masked loads and stores touch only the lanes of the mask, as the instructions do.
#if !defined(_mm512_maskz_loadu_ps)
static inline simde__m512 qn_simde_mm512_maskz_loadu_ps(simde__mmask16 mask, const void* p) {
  float out[16] = {};
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) out[i] = static_cast<const float*>(p)[i];
  }
  return simde_mm512_loadu_ps(out);
}
#define _mm512_maskz_loadu_ps(mask, p) qn_simde_mm512_maskz_loadu_ps(mask, p)
#endif

#if !defined(_mm256_maskz_loadu_epi16)
static inline simde__m256i qn_simde_mm256_maskz_loadu_epi16(simde__mmask16 mask, const void* p) {
  uint16_t out[16] = {};
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) out[i] = static_cast<const uint16_t*>(p)[i];
  }
  return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i*>(out));
}
#define _mm256_maskz_loadu_epi16(mask, p) qn_simde_mm256_maskz_loadu_epi16(mask, p)
#endif

#if !defined(_mm512_mask_storeu_ps)
static inline void qn_simde_mm512_mask_storeu_ps(void* p, simde__mmask16 mask, simde__m512 a) {
  float in[16];
  simde_mm512_storeu_ps(in, a);
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) static_cast<float*>(p)[i] = in[i];
  }
}
#define _mm512_mask_storeu_ps(p, mask, a) qn_simde_mm512_mask_storeu_ps(p, mask, a)
#endif

#if !defined(_mm_maskz_loadu_epi8)
static inline simde__m128i qn_simde_mm_maskz_loadu_epi8(simde__mmask16 mask, const void* p) {
  uint8_t out[16] = {};
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) out[i] = static_cast<const uint8_t*>(p)[i];
  }
  return simde_mm_loadu_si128(reinterpret_cast<const simde__m128i*>(out));
}
#define _mm_maskz_loadu_epi8(mask, p) qn_simde_mm_maskz_loadu_epi8(mask, p)
#endif

#if !defined(_mm512_maskz_loadu_epi8)
static inline simde__m512i qn_simde_mm512_maskz_loadu_epi8(simde__mmask64 mask, const void* p) {
  uint8_t out[64] = {};
  for (int i = 0; i < 64; i++) {
    if (mask >> i & 1) out[i] = static_cast<const uint8_t*>(p)[i];
  }
  return simde_mm512_loadu_si512(out);
}
#define _mm512_maskz_loadu_epi8(mask, p) qn_simde_mm512_maskz_loadu_epi8(mask, p)
#endif

#if !defined(_mm_mask_storeu_epi8)
static inline void qn_simde_mm_mask_storeu_epi8(void* p, simde__mmask16 mask, simde__m128i a) {
  uint8_t in[16];
  simde_mm_storeu_si128(reinterpret_cast<simde__m128i*>(in), a);
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) static_cast<uint8_t*>(p)[i] = in[i];
  }
}
#define _mm_mask_storeu_epi8(p, mask, a) qn_simde_mm_mask_storeu_epi8(p, mask, a)
#endif

#if !defined(_mm512_mask_storeu_epi8)
static inline void qn_simde_mm512_mask_storeu_epi8(void* p, simde__mmask64 mask, simde__m512i a) {
  uint8_t in[64];
  simde_mm512_storeu_si512(in, a);
  for (int i = 0; i < 64; i++) {
    if (mask >> i & 1) static_cast<uint8_t*>(p)[i] = in[i];
  }
}
#define _mm512_mask_storeu_epi8(p, mask, a) qn_simde_mm512_mask_storeu_epi8(p, mask, a)
#endif

#if !defined(_mm512_cvtepi32_epi8)
static inline simde__m128i qn_simde_mm512_cvtepi32_epi8(simde__m512i a) {
  int32_t in[16];
  uint8_t out[16];
  simde_mm512_storeu_si512(in, a);
  for (int i = 0; i < 16; i++) out[i] = static_cast<uint8_t>(in[i]);
  return simde_mm_loadu_si128(reinterpret_cast<const simde__m128i*>(out));
}
#define _mm512_cvtepi32_epi8(a) qn_simde_mm512_cvtepi32_epi8(a)
#endif

// Counts are below 32.
#if !defined(_mm512_srav_epi32)
static inline simde__m512i qn_simde_mm512_srav_epi32(simde__m512i a, simde__m512i count) {
  int32_t in[16], by[16];
  simde_mm512_storeu_si512(in, a);
  simde_mm512_storeu_si512(by, count);
  for (int i = 0; i < 16; i++) in[i] >>= by[i];
  return simde_mm512_loadu_si512(in);
}
#define _mm512_srav_epi32(a, count) qn_simde_mm512_srav_epi32(a, count)
#endif

#if !defined(_mm512_srai_epi32)
#define _mm512_srai_epi32(a, count) qn_simde_mm512_srav_epi32(a, simde_mm512_set1_epi32(count))
#endif
