// Convolutions of dynamic u8 codes [N,H,W,I] with weights of 4 or 2 bits whose columns share scales and zero
// points in groups (u4 and u2 of Weight in native/core/call.h, parameters f16_u8). Which cells they read and
// how the columns of a weight are ordered is as for conv2d_dynamic (u8_convolution.h), and so are the scale
// and zero of x's codes. Groups are runs of a row's columns, whatever taps those belong to: the last one may
// be shorter, and a phase of a transposed convolution may have a part of one.
//
// conv2d_dynamic_packed, transpose_conv2d_dynamic_packed:
// "u8[N,H,W,I], f32[R,2], weight[O,K], f32[O], ... -> f32[N,P,Q,O]"
//   acc = 0
//   for each group g that the output's window has columns of, in order:
//     dot = sum (x - zero) * (w - w_zero[o][g]) over these columns      exact, int32
//     acc = fma(float(dot), w_scale[o][g], acc)                         float(dot) rounded once
//   y = clamp(fma(acc, scale, bias[o]), lo, hi)
//
// Padding counts as zero. NaN stays NaN. Fused steps follow. Every kernel gives the same bits.
//
// ISA files include this header, so it includes nothing of the standard library.
#pragma once

#include "native/kernels/convolution/u8_convolution.h"

namespace qn {

const OpSpec& conv2d_dynamic_packed_op();
const OpSpec& transpose_conv2d_dynamic_packed_op();

// Inputs; the first ones are those of the dynamic ops.
inline constexpr int kPackedBias = 3;

// Sums of a row's codes less their zero points stay below 2^22 in magnitude, and dot products in int32.
inline constexpr int64_t kMostPackedColumns = int64_t{1} << 18;

#define QN_PACKED_CONVOLUTIONS(ISA) \
  ConvolutionKernel conv2d_dynamic_packed_##ISA, transpose_conv2d_dynamic_packed_##ISA;
QN_PACKED_CONVOLUTIONS(reference)
#if defined(QN_X86)
QN_PACKED_CONVOLUTIONS(avx2)
QN_PACKED_CONVOLUTIONS(avxvnni)
QN_PACKED_CONVOLUTIONS(avx512)
#endif

}  // namespace qn
