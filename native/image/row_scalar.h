// Every row kernel in scalar code, from element or pixel `begin` on: the specification, and the ends of rows
// in the vector kernels.
#pragma once

#include "native/image/row_kernels.h"
#include "native/simd/inline.h"

namespace qn::image {
namespace {

QN_INLINE float round_half_to_even(float x) {
  // 1.5 * 2^23: a float of this size has no fractional bits left, and the addition rounds them away.
  return (x + 12582912.f) - 12582912.f;
}

QN_INLINE float normalized(float x, int64_t channel, const Normalization& to) {
  return (x / to.divisor - to.mean[channel]) / to.deviation[channel];
}

inline void lerp_pixels_scalar(const SourceRow& row, const FloatTap* taps, int64_t begin, int64_t n,
                               float* out) {
  for (int64_t x = begin; x < n; x++) {
    for (int64_t c = 0; c < kChannels; c++) {
      const float left = row.pixels[kChannels * taps[x].left + c];
      const float right = row.pixels[kChannels * taps[x].right + c];
      out[kChannels * x + c] = left + (right - left) * taps[x].weight;
    }
  }
}

inline void lerp_rows_scalar(const float* top, const float* bottom, float weight, int64_t begin, int64_t n,
                             float* out) {
  for (int64_t i = begin; i < n; i++) out[i] = top[i] + (bottom[i] - top[i]) * weight;
}

inline void fixed_pixels_scalar(const SourceRow& row, const FixedTap* taps, int64_t begin, int64_t n,
                                int16_t* out) {
  for (int64_t x = begin; x < n; x++) {
    for (int64_t c = 0; c < kChannels; c++) {
      const int32_t left = row.pixels[kChannels * taps[x].left + c];
      const int32_t right = row.pixels[kChannels * taps[x].right + c];
      const int32_t sum = left * taps[x].left_weight + right * taps[x].right_weight;
      out[kChannels * x + c] = static_cast<int16_t>(sum >> 4);
    }
  }
}

inline void fixed_rows_scalar(const int16_t* top, const int16_t* bottom, const FixedTap& tap, int64_t begin,
                              int64_t n, uint8_t* out) {
  for (int64_t i = begin; i < n; i++) {
    const int32_t sum = (top[i] * tap.left_weight >> 16) + (bottom[i] * tap.right_weight >> 16);
    out[i] = static_cast<uint8_t>((sum + 2) >> 2);
  }
}

inline void filter_pixels_scalar(const SourceRow& row, const FilterTap* taps, int64_t begin, int64_t n,
                                 uint8_t* out) {
  for (int64_t x = begin; x < n; x++) {
    const FilterTap& tap = taps[x];
    for (int64_t c = 0; c < kChannels; c++) {
      int32_t sum = 1 << (kFilterBits - 1);
      for (int32_t t = 0; t < tap.count; t++) {
        sum += row.pixels[kChannels * (tap.first + t) + c] * tap.weights[t];
      }
      out[kChannels * x + c] = static_cast<uint8_t>(sum >> kFilterBits);
    }
  }
}

inline void filter_rows_scalar(const uint8_t* const* rows, const int32_t* weights, int64_t count,
                               int64_t begin, int64_t n, uint8_t* out) {
  for (int64_t i = begin; i < n; i++) {
    int32_t sum = 1 << (kFilterBits - 1);
    for (int64_t t = 0; t < count; t++) sum += rows[t][i] * weights[t];
    out[i] = static_cast<uint8_t>(sum >> kFilterBits);
  }
}

template <class Value>
inline void normalize_scalar(const Value* in, int64_t begin, int64_t pixels, const Normalization& to,
                             float* out) {
  for (int64_t x = begin; x < pixels; x++) {
    for (int64_t c = 0; c < kChannels; c++) {
      out[kChannels * x + c] = normalized(static_cast<float>(in[kChannels * x + c]), c, to);
    }
  }
}

inline void round_floats_scalar(const float* in, int64_t begin, int64_t n, uint8_t* out) {
  for (int64_t i = begin; i < n; i++) out[i] = static_cast<uint8_t>(round_half_to_even(in[i]));
}

}  // namespace
}  // namespace qn::image
