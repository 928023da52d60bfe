// The specification of convolutions in float32: for an output
//   acc = bias; for each tap in order, for i = 0 .. I-1: acc = fma(x[tap][i], value[tap][i], acc)
//   y = min(max(acc, lo), hi), NaN staying NaN; then the fused steps
// with x = 0 for a tap in the padding, and value the weight as float (a code is scale * code + offset,
// rounded once). A vector lane being an output channel, one order of sums costs nothing, and all kernels give
// these bits. Against exact arithmetic on the values, for K columns and before the clamp,
//   |error| <= (K + 1) * 2^-24 / (1 - (K + 1) * 2^-24) * (|bias| + sum |x * value|)      (Higham, Accuracy
//   and Stability, section 3.1)
#include <cmath>
#include <vector>

#include "native/core/weight_value.h"
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/float_convolution.h"

namespace qn {
namespace {

// `acc` and the sum of output pixel (n, p, q) over the columns `values` of one channel.
float sum_at(const View& x, const Convolution& c, int64_t n, int64_t p, int64_t q, const float* values,
             float acc) {
  const float* data = static_cast<const float*>(x.data);
  for (int64_t th = 0; th < c.h.taps; th++) {
    for (int64_t tw = 0; tw < c.w.taps; tw++) {
      const int64_t h = input_cell(c.h, p, th), w = input_cell(c.w, q, tw);
      const bool padding = is_padding(c.h, h) || is_padding(c.w, w);
      const float* cell = padding ? nullptr : data + ((n * c.h.inputs + h) * c.w.inputs + w) * x.stride;
      for (int64_t i = 0; i < c.in_channels; i++) acc = std::fma(padding ? 0.0f : cell[i], *values++, acc);
    }
  }
  return acc;
}

// One output channel of a convolution, or of a phase.
void convolve_channel(const Call& call, const Convolution& c, int64_t channel, float lo, float hi) {
  const View& y = call.out[0];
  std::vector<float> values(static_cast<std::size_t>(taps_of(c) * c.in_channels));
  for (std::size_t k = 0; k < values.size(); k++) {
    values[k] = value_at(*call.in[1].weight, channel, c.first_tap * c.in_channels + static_cast<int64_t>(k));
  }
  const float bias = static_cast<const float*>(call.in[2].data)[channel];
  for (int64_t n = 0; n < c.images; n++) {
    for (int64_t p = 0; p < c.h.outputs; p++) {
      for (int64_t q = 0; q < c.w.outputs; q++) {
        const float sum = sum_at(call.in[0], c, n, p, q, values.data(), bias);
        const int64_t row = (n * y.dim[1] + output_cell(c.h, p)) * y.dim[2] + output_cell(c.w, q);
        static_cast<float*>(y.data)[row * y.stride + channel] = sum < lo ? lo : sum > hi ? hi : sum;
      }
    }
  }
}

// The fused steps on one channel of the whole result.
void apply_fused_channel(const Call& call, int64_t channel) {
  const View& y = call.out[0];
  apply_fused_reference(call, {0, y.dim[0] * y.dim[1] * y.dim[2], 1, channel, 1});
}

}  // namespace

// An item is an output channel.
void conv2d_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const float lo = static_cast<float>(call.attribute[kConv2dLo]);
  const float hi = static_cast<float>(call.attribute[kConv2dHi]);
  for (int64_t channel = begin; channel < end; channel++) {
    convolve_channel(call, convolution_of(call), channel, lo, hi);
    apply_fused_channel(call, channel);
  }
}

void transpose_conv2d_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const float lo = static_cast<float>(call.attribute[kTransposeConv2dLo]);
  const float hi = static_cast<float>(call.attribute[kTransposeConv2dHi]);
  for (int64_t channel = begin; channel < end; channel++) {
    for (int64_t phase = 0; phase < transposed_phases(call); phase++) {
      convolve_channel(call, transposed_phase_of(call, phase), channel, lo, hi);
    }
    apply_fused_channel(call, channel);
  }
}

}  // namespace qn
