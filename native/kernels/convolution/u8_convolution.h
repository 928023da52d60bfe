// Convolutions of u8 codes [N,H,W,I] with i8 codes, [O, K] in panels (Weight in native/core/call.h), which
// cells they read being geometry.h's matter. All sums are exact int32 (modulo 2^32), so that every kernel
// gives the same bits. Padding counts as zero, i.e. as the code x_zero. The columns of a weight are (kh, kw,
// i); those of a transposed convolution come phase by phase, row-major (kh % stride_h, kw % stride_w), and a
// phase's taps row-major.
//
// A tap of the weight is one cell of the window (tap_cols = I) or, of conv2d, the whole window (tap_cols =
// K). Cell by cell, kernels read activations where they lie; the whole window is first gathered into one run,
// which is better when I is small or odd: cells are padded to a multiple of 4, and the 147 columns of a 7 x 7
// window of 3 channels would become 196.
//
// conv2d_u8, transpose_conv2d_u8: "u8[N,H,W,I], weight[O,K], i32[O], f32[O], ... -> u8|f32[N,P,Q,O]"
//   acc = bias[o] + sum (x - x_zero) * (w - w_zero)
//   r   = float(acc) * multiplier[o]                 one rounding each
//   u8:   y = clamp(r, lo - y_zero, hi - y_zero) rounded half to even, + y_zero
//   f32:  y = clamp(r, lo, hi), also of a u8 result whose fused steps are on float32
// This is XNNPACK's fp32 requantization (docs/detector-arithmetic.md). lo and hi are codes for u8, where they
// are at least 0 and at most 255.
//
// conv2d_dynamic, transpose_conv2d_dynamic:
// "u8[N,H,W,I], f32[R,2], weight[O,K], f32[O], f32[O], ... -> f32[N,P,Q,O]"
//   The second input holds the scale and the zero of the codes (cut to a whole number in 0 .. 255): a row an
//   image (R = N), or for 1 x 1 windows of stride 1 without padding also a row a pixel (R = N * H * W).
//   acc = sum (x - zero) * w
//   y   = clamp(float(acc) * scale * weight_scale[o] + bias[o], lo, hi), rounded at each operation
//
// NaN stays NaN, but becomes the code lo. Fused steps follow.
//
// ISA files include this header, so it includes nothing of the standard library.
#pragma once

#include "native/core/dynamic_params.h"
#include "native/kernels/convolution/geometry.h"

namespace qn {

struct OpSpec;
const OpSpec& conv2d_u8_op();
const OpSpec& conv2d_dynamic_op();
const OpSpec& transpose_conv2d_u8_op();
const OpSpec& transpose_conv2d_dynamic_op();

enum class ConvolutionForm : uint8_t { ordinary, transposed };

// The attributes that follow those of geometry.h. The dynamic ops have only the first two.
enum U8Attribute { kLo, kHi, kXZero, kWZero, kYZero };

static inline double u8_attribute(const Call& call, ConvolutionForm form, U8Attribute which) {
  const int first = form == ConvolutionForm::ordinary ? kConvolutionAttributes : kTransposedAttributes;
  return call.attribute[first + which];
}

// An ordinary convolution is its own and only phase.
static inline int64_t phases_of(const Call& call, ConvolutionForm form) {
  return form == ConvolutionForm::ordinary ? 1 : transposed_phases(call);
}
static inline Convolution phase_of(const Call& call, ConvolutionForm form, int64_t phase) {
  return form == ConvolutionForm::ordinary ? convolution_of(call) : transposed_phase_of(call, phase);
}

// Inputs.
inline constexpr int kU8Weight = 1, kU8Bias = 2, kU8Multiplier = 3;
inline constexpr int kDynamicParams = 1, kDynamicWeight = 2, kDynamicScale = 3, kDynamicBias = 4;

using ConvolutionKernel = void(const Call& call, int64_t begin, int64_t end, void* scratch);

#define QN_U8_CONVOLUTIONS(ISA)                                                       \
  ConvolutionKernel conv2d_u8_##ISA, conv2d_dynamic_##ISA, transpose_conv2d_u8_##ISA, \
      transpose_conv2d_dynamic_##ISA;
QN_U8_CONVOLUTIONS(reference)
#if defined(QN_X86)
QN_U8_CONVOLUTIONS(avx2)
QN_U8_CONVOLUTIONS(avxvnni)
QN_U8_CONVOLUTIONS(avx512)
#endif

}  // namespace qn
