// quantize_pixels on 16 lanes. lanes.h says what to include and define first.
//
// Three passes over a group of pixels, which stay in the cache: each one's range, all parameters at once, a
// lane a pixel, and the codes.
#pragma once

#include "native/kernels/dynamic_codes/lanes.h"
#include "native/kernels/dynamic_codes/quantize_pixels.h"

namespace qn {
namespace {

inline void quantize_group(const Call& call, int64_t first, int64_t count) {
  const View &x = call.in[0], &y = call.out[0], &params = call.out[1];
  const int64_t channels = x.dim[3];
  const float* from = static_cast<const float*>(x.data) + first * x.stride;
  alignas(64) float lo[kPixelsTogether] = {}, hi[kPixelsTogether] = {}, inverse[kPixelsTogether];
  alignas(64) float scale[kPixelsTogether], zero[kPixelsTogether];
  for (int64_t i = 0; i < count; ++i) {
    const LaneRange range = range_of(from + i * x.stride, channels);
    const Ends ends = ends_of(range.lo, range.hi);
    lo[i] = ends.lo;
    hi[i] = ends.hi;
  }
  const LaneCodes codes = dynamic_codes({load(lo), load(hi)});
  store(inverse, codes.inverse);
  store(scale, codes.scale);
  store(zero, codes.zero);
  uint8_t* to = static_cast<uint8_t*>(y.data) + first * y.stride;
  float* row = static_cast<float*>(params.data) + first * params.stride;
  for (int64_t i = 0; i < count; ++i) {
    store_dynamic_codes(from + i * x.stride, channels, inverse[i], zero[i], to + i * y.stride);
    row[i * params.stride] = scale[i];
    row[i * params.stride + 1] = zero[i];
  }
}

inline void quantize_groups(const Call& call, int64_t begin, int64_t end) {
  const int64_t pixels = pixels_of(call.in[0]);
  for (int64_t group = begin; group < end; ++group) {
    const int64_t first = group * kPixelsTogether, left = pixels - first;
    quantize_group(call, first, left < kPixelsTogether ? left : kPixelsTogether);
  }
}

}  // namespace
}  // namespace qn
