// Which input cells the outputs of a convolution read, from shapes and attributes, the same for float and
// integer ops. ISA files include this header, so it includes nothing of the standard library.
//
// A transposed convolution of stride s is s_h * s_w ordinary convolutions, its phases, each with a part of
// the taps and of the outputs: from y[i * s + k - pad] += x[i] * w[k], the output o gathers the taps k = (o +
// pad) % s + s * j, and tap j reads x[(o + pad) / s - j]. So a phase is a convolution of stride 1 that steps
// backwards through the input, and whose outputs lie s cells apart.
#pragma once

#include "native/core/call.h"

namespace qn {

// Positions in Call::attribute that all convolutions share. conv2d* go on with their dilation and padding,
// transpose_conv2d* with their padding.
enum ConvolutionAttribute {
  kKernelH,
  kKernelW,
  kStrideH,
  kStrideW,
  kDilationH,
  kDilationW,
  kPadTop,
  kPadLeft,
  kConvolutionAttributes,
  kTransposedPadTop = kDilationH,
  kTransposedPadLeft = kDilationW,
  kTransposedAttributes,
};

// Along one axis, output i of `outputs` is stored in cell first + i * spacing of the result, and its tap j of
// `taps` reads cell begin + i * stride + j * tap_step of the input: padding unless in 0 .. inputs - 1.
struct ConvolutionAxis {
  int64_t inputs;
  int64_t outputs;
  int64_t taps;
  int64_t begin;
  int64_t stride;
  int64_t tap_step;
  int64_t first;
  int64_t spacing;
};

static inline int64_t input_cell(const ConvolutionAxis& axis, int64_t output, int64_t tap) {
  return axis.begin + output * axis.stride + tap * axis.tap_step;
}
static inline int64_t output_cell(const ConvolutionAxis& axis, int64_t output) {
  return axis.first + output * axis.spacing;
}
static inline bool is_padding(const ConvolutionAxis& axis, int64_t cell) {
  return cell < 0 || cell >= axis.inputs;
}

// A convolution, or a phase of a transposed one. A tap is a pair (h, w), w faster; tap t of this convolution
// is tap first_tap + t of the weight, whose columns are taps times in_channels, channels faster.
struct Convolution {
  int64_t images;
  int64_t in_channels;
  int64_t out_channels;
  ConvolutionAxis h, w;
  int64_t first_tap;
};

static inline int64_t taps_of(const Convolution& c) { return c.h.taps * c.w.taps; }
static inline int64_t pixels_of(const Convolution& c) { return c.images * c.h.outputs * c.w.outputs; }

static inline int64_t size_attribute(const Call& call, int position) {
  return static_cast<int64_t>(call.attribute[position]);
}

// x is in[0], [N, H, W, I]; out[0] is [N, P, Q, O].
static inline Convolution convolution_of(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  const auto axis = [&](int d, int side) {
    return ConvolutionAxis{x.dim[d],
                           y.dim[d],
                           size_attribute(call, kKernelH + side),
                           -size_attribute(call, kPadTop + side),
                           size_attribute(call, kStrideH + side),
                           size_attribute(call, kDilationH + side),
                           0,
                           1};
  };
  return {x.dim[0], x.dim[3], y.dim[3], axis(1, 0), axis(2, 1), 0};
}

// One axis of a phase: the taps k with k % stride == phase, which may be none, and the outputs they reach.
static inline ConvolutionAxis phase_axis(int64_t inputs, int64_t outputs, int64_t kernel, int64_t stride,
                                         int64_t pad, int64_t phase) {
  // The first output o with (o + pad) % stride == phase.
  const int64_t first = (phase + stride - pad % stride) % stride;
  return {inputs,
          first < outputs ? (outputs - first + stride - 1) / stride : 0,
          phase < kernel ? (kernel - phase + stride - 1) / stride : 0,
          (first + pad) / stride,
          1,
          -1,
          first,
          stride};
}

// The taps k of an axis with k % stride < phase.
static inline int64_t taps_before(int64_t kernel, int64_t stride, int64_t phase) {
  const int64_t rest = kernel % stride;
  return kernel / stride * phase + (rest < phase ? rest : phase);
}

static inline int64_t transposed_phases(const Call& call) {
  return size_attribute(call, kStrideH) * size_attribute(call, kStrideW);
}

// Phase `phase` of transposed_phases(call), row-major. A phase may have no outputs; without taps its outputs
// are the bias alone.
static inline Convolution transposed_phase_of(const Call& call, int64_t phase) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t stride_w = size_attribute(call, kStrideW);
  const auto axis = [&](int d, int side, int64_t axis_phase) {
    return phase_axis(x.dim[d], y.dim[d], size_attribute(call, kKernelH + side),
                      size_attribute(call, kStrideH + side), size_attribute(call, kTransposedPadTop + side),
                      axis_phase);
  };
  const int64_t phase_h = phase / stride_w, phase_w = phase % stride_w;
  const ConvolutionAxis h = axis(1, 0, phase_h), w = axis(2, 1, phase_w);
  const int64_t kernel_w = size_attribute(call, kKernelW);
  const int64_t first_tap =
      taps_before(size_attribute(call, kKernelH), size_attribute(call, kStrideH), phase_h) * kernel_w +
      h.taps * taps_before(kernel_w, stride_w, phase_w);
  return {x.dim[0], x.dim[3], y.dim[3], h, w, first_tap};
}

}  // namespace qn
