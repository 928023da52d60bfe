// Resizes of images, where each output pixel has a place between the input's: sampling 0 (legacy): i * scale,
// 1 (half pixel): (i + 0.5) * scale - 0.5, 2 (aligned corners): i * (inputs - 1) / (outputs - 1); scale =
// inputs / outputs; all in float32. Places outside the image are moved to its edge.
//
// resize_bilinear: f32: first between left and right, then between top and bottom, a + (b - a) * fraction
// with one rounding of the product and sum; with a fraction of 0 it is a. u8: with the fractions rounded to
// 11 bits, half to even, exact, and rounded half up (XNNPACK, s8-ibilinear).
//
// resize_nearest: the pixel at floor(place), with sampling 1 at floor((i + 0.5) * scale), with sampling 2 at
// the place rounded half up.
//
// Then the fused steps.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& resize_bilinear_op();
const OpSpec& resize_nearest_op();

// The only attribute.
enum class ResizeSampling : int32_t { legacy, half_pixel, align_corners };

static inline ResizeSampling resize_sampling(const Call& call) {
  return static_cast<ResizeSampling>(static_cast<int32_t>(call.attribute[0]));
}

// Between two rows or columns of the input.
struct ResizePlace {
  int64_t low, high;
  float fraction;
};

static inline float resize_scale(int64_t inputs, int64_t outputs, ResizeSampling sampling) {
  if (sampling == ResizeSampling::align_corners && outputs > 1)
    return static_cast<float>(inputs - 1) / static_cast<float>(outputs - 1);
  return static_cast<float>(inputs) / static_cast<float>(outputs);
}

static inline ResizePlace resize_place(int64_t i, int64_t inputs, float scale, ResizeSampling sampling) {
  const float at = static_cast<float>(i);
  const float place = sampling == ResizeSampling::half_pixel ? (at + 0.5f) * scale - 0.5f : at * scale;
  const float inside = place > 0.0f ? place : 0.0f;
  const int64_t floor = static_cast<int64_t>(inside);
  const int64_t low = floor < inputs - 1 ? floor : inputs - 1;
  return {low, low + 1 < inputs ? low + 1 : low, inside - static_cast<float>(low)};
}

static inline int64_t resize_nearest_source(int64_t i, int64_t inputs, int64_t outputs, float scale,
                                            ResizeSampling sampling) {
  const float at = static_cast<float>(i);
  int64_t source;
  if (sampling == ResizeSampling::align_corners && outputs > 1) {
    source = static_cast<int64_t>(static_cast<double>(at * scale) + 0.5);
  } else {
    source = static_cast<int64_t>((sampling == ResizeSampling::half_pixel ? at + 0.5f : at) * scale);
  }
  return source < inputs - 1 ? source : inputs - 1;
}

// Of a u8 resize: the fraction in 2048ths, rounded half to even.
static inline int32_t resize_weight(float fraction) {
  const float scaled = fraction * 2048.0f;
  const int32_t floor = static_cast<int32_t>(scaled);
  const float rest = scaled - static_cast<float>(floor);
  return floor + (rest > 0.5f || (rest == 0.5f && floor % 2 == 1) ? 1 : 0);
}

// A work item is a row of outputs.
static inline int64_t resize_items(const Call& call) { return call.out[0].dim[0] * call.out[0].dim[1]; }

void resize_bilinear_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
void resize_nearest_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void resize_bilinear_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void resize_bilinear_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void resize_nearest_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void resize_nearest_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
