// Integer convolutions in 256-bit registers: from the sums of 8 channels to what is stored.
#pragma once

#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/panel_256.h"
#include "native/kernels/convolution/u8_tile.h"

namespace qn {
namespace {

constexpr auto apply_fused = apply_fused_avx2;

// Channels beyond the last one are not written.
QN_INLINE void store_codes(uint8_t* to, int64_t codes, int64_t channels) {
  if (channels >= kHalfRows) {
    __builtin_memcpy(to, &codes, sizeof codes);
    return;
  }
  for (int64_t i = 0; i < channels; ++i, codes >>= 8) to[i] = static_cast<uint8_t>(codes);
}

// The codes of four vectors, 8 bytes each, one after the other. Beyond hi there is nothing, NaN and what is
// far below lo become the least integer, and saturate.
QN_INLINE __m256i codes_of(__m256 a, __m256 b, __m256 c, __m256 d, const Requantization& r) {
  const __m256 hi = _mm256_set1_ps(r.hi);
  const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(r.y_zero));
  const auto whole = [&](__m256 y) QN_LAMBDA_INLINE { return _mm256_cvtps_epi32(_mm256_min_ps(hi, y)); };
  const __m256i ab = _mm256_adds_epi16(_mm256_packs_epi32(whole(a), whole(b)), zero);
  const __m256i cd = _mm256_adds_epi16(_mm256_packs_epi32(whole(c), whole(d)), zero);
  const __m256i lo = _mm256_set1_epi8(static_cast<int8_t>(static_cast<int32_t>(r.lo) + r.y_zero));
  const __m256i codes = _mm256_max_epu8(_mm256_packus_epi16(ab, cd), lo);
  // Packing works within halves of a register.
  return _mm256_permutevar8x32_epi32(codes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Results of kPixels pixels by kVectors vectors of 8 channels, from `channel` of the block on.
template <int kPixels, int kVectors>
QN_INLINE void store_codes(const TileJob& job, const TilePlace& place, int64_t channel,
                           const __m256i (&acc)[kPixels][kVectors]) {
  const int64_t channels = job.channels_left - channel;
  const Requantization r = job.requantization;
  uint8_t* const* rows = job.rows + place.pixel;
  __m256 scale[kVectors];
  QN_UNROLL for (int v = 0; v < kVectors; ++v) {
    scale[v] = _mm256_load_ps(job.channels.scale + channel + v * kHalfRows);
  }
  constexpr int kAll = kPixels * kVectors;
  QN_UNROLL for (int first = 0; first < kAll; first += 4) {
    if (first / kVectors >= place.pixels) break;
    __m256 y[4];
    QN_UNROLL for (int i = 0; i < 4; ++i) {
      const int v = first + i < kAll ? first + i : kAll - 1;
      y[i] = _mm256_mul_ps(_mm256_cvtepi32_ps(acc[v / kVectors][v % kVectors]), scale[v % kVectors]);
    }
    alignas(32) int64_t codes[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(codes), codes_of(y[0], y[1], y[2], y[3], r));
    QN_UNROLL for (int i = 0; i < 4; ++i) {
      const int v = first + i, pixel = v / kVectors, offset = v % kVectors * kHalfRows;
      if (v >= kAll || pixel >= place.pixels) break;
      store_codes(rows[pixel] + channel + offset, codes[i], channels - offset);
    }
  }
}

template <Output kOutput, int kPixels, int kVectors>
QN_INLINE void store_results(const TileJob& job, const TilePlace& place, int64_t channel,
                             const __m256i (&acc)[kPixels][kVectors]) {
  const int64_t channels = job.channels_left - channel;
  const __m256 lo = _mm256_set1_ps(job.requantization.lo), hi = _mm256_set1_ps(job.requantization.hi);
  const float* scales = job.pixels.scale + place.pixel;
  uint8_t* const* rows = job.rows + place.pixel;
  QN_UNROLL for (int v = 0; v < kVectors; ++v) {
    const int64_t at = channel + v * kHalfRows;
    const __m256 scale = _mm256_load_ps(job.channels.scale + at),
                 bias = _mm256_load_ps(job.channels.bias + at);
    QN_UNROLL for (int i = 0; i < kPixels; ++i) {
      if (i >= place.pixels) break;
      __m256 y = _mm256_cvtepi32_ps(acc[i][v]);
      if (kOutput == Output::dynamic) y = _mm256_mul_ps(y, _mm256_set1_ps(scales[i]));
      y = _mm256_mul_ps(y, scale);
      if (kOutput == Output::dynamic) y = _mm256_add_ps(y, bias);
      y = _mm256_min_ps(hi, _mm256_max_ps(lo, y));  // NaN stays
      store_floats(reinterpret_cast<float*>(rows[i]) + at, y, channels - v * kHalfRows);
    }
  }
}

template <Output kOutput, int kPixels, int kVectors>
QN_INLINE void finish(const TileJob& job, const TilePlace& place, int64_t channel,
                      __m256i (&acc)[kPixels][kVectors]) {
  if (job.pixels.has_sum) {
    const int32_t* of_pixel = job.pixels.sum + place.pixel;
    QN_UNROLL for (int v = 0; v < kVectors; ++v) {
      const __m256i of_channel =
          _mm256_load_si256(reinterpret_cast<const __m256i*>(job.channels.sum + channel + v * kHalfRows));
      QN_UNROLL for (int i = 0; i < kPixels; ++i) {
        const __m256i sum = _mm256_mullo_epi32(_mm256_set1_epi32(of_pixel[i]), of_channel);
        acc[i][v] = _mm256_add_epi32(acc[i][v], sum);
      }
    }
  }
  if constexpr (kOutput == Output::codes) {
    store_codes(job, place, channel, acc);
  } else {
    store_results<kOutput>(job, place, channel, acc);
  }
}

QN_INLINE __m256i start_of(const TileJob& job, int64_t channel) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(job.channels.start + channel));
}

}  // namespace
}  // namespace qn
