// Depthwise convolutions: each channel has a window of weights of its own. With a multiplier M, each input
// channel has M of them: output channel o reads input channel o / M.
//
// weight [T, O]: T = kernel_h * kernel_w taps, row by row of the window. Out-of-image taps are padding.
//
// depthwise_conv2d: f32. y = clamp(bias + sum x * w, lo, hi): fused multiply-adds from the bias on, taps in
// order, those in the padding left out.
//
// depthwise_conv2d_u8: acc = bias + sum (x - x_zero) * (w - w_zero) in int32, r = f32(acc) * multiplier[o].
// As u8: clamp(round(r) + y_zero, lo, hi), half to even; as f32, also before fused steps on float32 that make
// it u8: clamp(r, lo, hi). Padding counts as x_zero.
//
// depthwise_conv2d_dynamic: parameters[n] = scale, zero of image n's codes. y = clamp(f32(f32(f32(sum (q -
// zero) * w) * scale) * w_scale[o]) + bias[o], lo, hi). Padding counts as zero.
//
// Then the fused steps. Clamps keep NaN.
#pragma once

#include "native/core/window.h"

namespace qn {

struct OpSpec;
const OpSpec& depthwise_conv2d_op();
const OpSpec& depthwise_conv2d_u8_op();
const OpSpec& depthwise_conv2d_dynamic_op();

enum DepthwiseAttribute {
  kDepthwiseKernelH,
  kDepthwiseKernelW,
  kDepthwiseStrideH,
  kDepthwiseStrideW,
  kDepthwiseDilationH,
  kDepthwiseDilationW,
  kDepthwisePadTop,
  kDepthwisePadLeft,
  kDepthwiseLo,
  kDepthwiseHi,
  kDepthwiseAttributes,
  // Of depthwise_conv2d_u8.
  kDepthwiseXZero = kDepthwiseAttributes,
  kDepthwiseWZero,
  kDepthwiseYZero,
};

// Positions in Call::in.
inline constexpr int kDepthwiseX = 0, kDepthwiseWeight = 1, kDepthwiseBias = 2, kDepthwiseMultiplier = 3;
inline constexpr int kDepthwiseDynamicParameters = 1, kDepthwiseDynamicWeight = 2, kDepthwiseDynamicScale = 3,
                     kDepthwiseDynamicBias = 4;

static inline int64_t depthwise_size(const Call& call, int attribute) {
  return static_cast<int64_t>(call.attribute[attribute]);
}
static inline WindowAxis depthwise_axis(const Call& call, int side) {
  return {call.in[0].dim[1 + side],
          call.out[0].dim[1 + side],
          depthwise_size(call, kDepthwiseKernelH + side),
          depthwise_size(call, kDepthwiseStrideH + side),
          depthwise_size(call, kDepthwiseDilationH + side),
          depthwise_size(call, kDepthwisePadTop + side)};
}

// A work item: some rows of outputs of one image, so that an input row comes from the first-level cache for
// all but the first of them, and some channels.
inline constexpr int64_t kDepthwiseRows = 4;
inline constexpr int64_t kDepthwiseFloatChannels = 128;
inline constexpr int64_t kDepthwiseCodeChannels = 256;

struct DepthwiseItem {
  int64_t image;
  int64_t row_begin, row_end;
  int64_t channel_begin, channel_end;
};

static inline int64_t depthwise_items(const Call& call, int64_t channels) {
  const View& y = call.out[0];
  return y.dim[0] * ((y.dim[1] + kDepthwiseRows - 1) / kDepthwiseRows) *
         ((y.dim[3] + channels - 1) / channels);
}

static inline DepthwiseItem depthwise_item(const Call& call, int64_t item, int64_t channels) {
  const View& y = call.out[0];
  const int64_t bands = (y.dim[1] + kDepthwiseRows - 1) / kDepthwiseRows;
  const int64_t row = item % bands * kDepthwiseRows;
  // Neighbouring items share their weights.
  const int64_t c = item / bands / y.dim[0] * channels;
  return {item / bands % y.dim[0], row, row + kDepthwiseRows < y.dim[1] ? row + kDepthwiseRows : y.dim[1], c,
          c + channels < y.dim[3] ? c + channels : y.dim[3]};
}

void depthwise_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_u8_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_dynamic_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

#if defined(QN_X86)
// These take M = 1.
void depthwise_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_u8_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_u8_avxvnni(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_u8_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_dynamic_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_dynamic_avxvnni(const Call& call, int64_t begin, int64_t end, void* scratch);
void depthwise_dynamic_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
