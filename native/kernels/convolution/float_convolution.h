// Convolutions of float32 activations, padded with zeros, by weights in panels of any format but i8:
//
// conv2d            y[n, p, q, o] = clamp(bias[o] + sum over kh, kw, i of weight[o, (kh * KW + kw) * I + i]
//                     * x[n, p * stride_h + kh * dilation_h - pad_top, q * stride_w + kw * dilation_w -
//                     pad_left, i])
// transpose_conv2d  every x[n, h, w, i] is added, times weight, to the outputs h * stride_h + kh - pad_top,
//                   w * stride_w + kw - pad_left; then bias and clamp. The weight's columns are sorted by
//                   phase (geometry.h): (kh % stride_h, kw % stride_w) row-major, in a phase its taps
//                   row-major, then i.
//
// The sizes P and Q are the result's: what they leave out of the input at the bottom and at the right is not
// read, and what they read beyond it is padding. Fused steps follow.
//
// All kernels give the bits of float_reference.cc.
//
// ISA files include this header, so it includes nothing of the standard library.
#pragma once

#include "native/core/call.h"
#include "native/kernels/convolution/geometry.h"

namespace qn {

struct OpSpec;
const OpSpec& conv2d_op();
const OpSpec& transpose_conv2d_op();

// Attributes after those of the geometry: y is not less than lo and not greater than hi.
inline constexpr int kConv2dLo = kConvolutionAttributes, kConv2dHi = kConv2dLo + 1;
inline constexpr int kTransposeConv2dLo = kTransposedAttributes, kTransposeConv2dHi = kTransposeConv2dLo + 1;

using KernelFunction = void(const Call& call, int64_t begin, int64_t end, void* scratch);

KernelFunction conv2d_reference, transpose_conv2d_reference;
#if defined(QN_X86)
KernelFunction conv2d_avx2, transpose_conv2d_avx2;
KernelFunction conv2d_avx512, transpose_conv2d_avx512;
#endif

}  // namespace qn
