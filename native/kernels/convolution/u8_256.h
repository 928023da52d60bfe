// Integer convolutions in 256-bit registers: from the sums of 8 channels to what is stored.
#pragma once

#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/u8_tile.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

inline constexpr int kTilePanels = 1;
inline constexpr int kHalfRows = kPanelRows / 2;

constexpr auto apply_fused = apply_fused_avx2;

// Channels beyond the last one are not written.
QN_INLINE void store_codes(uint8_t* to, __m128i codes, int64_t channels) {
  if (channels >= kHalfRows) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), codes);
    return;
  }
  alignas(16) uint8_t each[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(each), codes);
  for (int64_t i = 0; i < channels; ++i) to[i] = each[i];
}

QN_INLINE void store_floats(float* to, __m256 y, int64_t channels) {
  if (channels >= kHalfRows) {
    _mm256_storeu_ps(to, y);
    return;
  }
  alignas(32) float each[kHalfRows];
  _mm256_store_ps(each, y);
  for (int64_t i = 0; i < channels; ++i) to[i] = each[i];
}

template <Output kOutput>
QN_INLINE void finish(const TileJob& job, __m256i acc, int64_t pixel, int64_t channel) {
  const Requantization& r = job.requantization;
  const ChannelTerms& terms = job.channels;
  if (job.pixels.has_sum) {
    const __m256i of_channel = _mm256_load_si256(reinterpret_cast<const __m256i*>(terms.sum + channel));
    acc = _mm256_add_epi32(acc, _mm256_mullo_epi32(_mm256_set1_epi32(job.pixels.sum[pixel]), of_channel));
  }
  __m256 y = _mm256_cvtepi32_ps(acc);
  if (kOutput == Output::dynamic) y = _mm256_mul_ps(y, _mm256_set1_ps(job.pixels.scale[pixel]));
  y = _mm256_mul_ps(y, _mm256_load_ps(terms.scale + channel));
  if (kOutput == Output::dynamic) y = _mm256_add_ps(y, _mm256_load_ps(terms.bias + channel));
  y = _mm256_min_ps(_mm256_max_ps(y, _mm256_set1_ps(r.lo)), _mm256_set1_ps(r.hi));
  const int64_t left = job.channels_left - channel;
  if (kOutput == Output::codes) {
    const __m256i q = _mm256_add_epi32(_mm256_cvtps_epi32(y), _mm256_set1_epi32(r.y_zero));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
    store_codes(job.rows[pixel] + channel, _mm_packus_epi16(words, words), left);
  } else {
    store_floats(reinterpret_cast<float*>(job.rows[pixel]) + channel, y, left);
  }
}

QN_INLINE __m256i start_of(const TileJob& job, int64_t channel) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(job.channels.start + channel));
}

}  // namespace
}  // namespace qn
