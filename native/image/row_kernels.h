// The loops of image resizing that are written for each instruction set: a row at a time, of RGB pixels with
// interleaved channels. All kernels give the same bits. ISA files include this header, so it includes nothing
// of the standard library.
#pragma once

#include <stdint.h>

namespace qn::image {

inline constexpr int64_t kChannels = 3;

// Kernels that write pixels may write so many elements more than they are asked for, of no meaning.
inline constexpr int64_t kRowSlack = 16;

// Where an output pixel lies between two source pixels: value = left + (right - left) * weight, in float32.
// right is left + 1, or left where weight is 0 or there is no pixel to the right.
struct FloatTap {
  int32_t left, right;
  float weight;
};

// OpenCV's weights, in 1 / 2048.
struct FixedTap {
  int32_t left, right;
  int16_t left_weight, right_weight;
};

// Pillow's weights, in 1 / 2^22, for the source pixels first to first + count - 1. At `weights` there are
// count rounded up to an even number; the one too many is 0.
struct FilterTap {
  int32_t first, count;
  const int32_t* weights;
};

inline constexpr int kFilterBits = 22;

struct SourceRow {
  const uint8_t* pixels;
  int64_t width;
};

// out = (x / divisor - mean[channel]) / deviation[channel], in float32. Divided, not multiplied by inverses,
// so that it has the bits of the same expression in the references.
struct Normalization {
  float divisor;
  float mean[kChannels];
  float deviation[kChannels];
};

struct RowKernels {
  // out[x] = left + (right - left) * weight for n pixels; then the same between two such rows of n elements.
  void (*lerp_pixels)(const SourceRow& row, const FloatTap* taps, int64_t n, float* out);
  void (*lerp_rows)(const float* top, const float* bottom, float weight, int64_t n, float* out);

  // out[x] = (left * left_weight + right * right_weight) >> 4 for n pixels (7 fractional bits); then
  // out[x] = ((top * left_weight >> 16) + (bottom * right_weight >> 16) + 2) >> 2 for n elements.
  void (*fixed_pixels)(const SourceRow& row, const FixedTap* taps, int64_t n, int16_t* out);
  void (*fixed_rows)(const int16_t* top, const int16_t* bottom, const FixedTap& tap, int64_t n, uint8_t* out);

  // out = (sum of value * weight + 2^21) >> 22, over pixels of a row, or over `count` rows of n elements.
  void (*filter_pixels)(const SourceRow& row, const FilterTap* taps, int64_t n, uint8_t* out);
  void (*filter_rows)(const uint8_t* const* rows, const int32_t* weights, int64_t count, int64_t n,
                      uint8_t* out);

  void (*normalize_bytes)(const uint8_t* in, int64_t pixels, const Normalization& to, float* out);
  void (*normalize_floats)(const float* in, int64_t pixels, const Normalization& to, float* out);
  // To the nearest, halves to even; values are within 0..255.
  void (*round_floats)(const float* in, int64_t n, uint8_t* out);
};

extern const RowKernels kReferenceRows;
#if defined(QN_X86)
extern const RowKernels kAvx2Rows;
#endif

}  // namespace qn::image
