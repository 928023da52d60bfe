// The specification of the convolutions with packed weights, output by output.
#include <algorithm>
#include <cmath>

#include "native/core/weight_value.h"
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/packed_convolution.h"

namespace qn {
namespace {

struct Pixel {
  int64_t image, y, x;  // among the outputs of the phase
};

// Scale and zero of a row of x's codes.
struct RowParams {
  float scale;
  int32_t zero;
};

// The sum over the weight's columns [begin, end), which are some of the phase's, of output channel o.
int32_t dot(const Call& call, const Convolution& c, const Pixel& pixel, int64_t o, int64_t begin, int64_t end,
            int32_t x_zero, int32_t w_zero) {
  const View& x = call.in[0];
  const Weight& w = *call.in[kDynamicWeight].weight;
  const uint8_t* panel = w.codes + o / kPanelRows * w.panel_bytes;
  int32_t sum = 0;
  for (int64_t column = begin; column < end; ++column) {
    const int64_t tap = column / c.in_channels - c.first_tap;
    const int64_t y_cell = input_cell(c.h, pixel.y, tap / c.w.taps),
                  x_cell = input_cell(c.w, pixel.x, tap % c.w.taps);
    if (is_padding(c.h, y_cell) || is_padding(c.w, x_cell)) continue;
    const int64_t cell = (pixel.image * c.h.inputs + y_cell) * c.w.inputs + x_cell;
    const int32_t code = static_cast<const uint8_t*>(x.data)[cell * x.stride + column % c.in_channels];
    sum += (code - x_zero) * (code_at(w.format, panel, o % kPanelRows, column) - w_zero);
  }
  return sum;
}

float value(const Call& call, const Convolution& c, const Pixel& pixel, int64_t o, RowParams row) {
  const Weight& w = *call.in[kDynamicWeight].weight;
  const int64_t first = c.first_tap * c.in_channels, last = first + taps_of(c) * c.in_channels;
  const uint8_t* params = w.group_params + o / kPanelRows * w.groups * w.param_bytes;
  const int lane = static_cast<int>(o % kPanelRows);
  float acc = 0;
  for (int64_t column = first; column < last;) {
    const int64_t group = column / w.group, end = std::min((group + 1) * w.group, last);
    const uint8_t* of_group = params + group * w.param_bytes;
    const int32_t sum = dot(call, c, pixel, o, column, end, row.zero, of_group[2 * kPanelRows + lane]);
    acc = std::fma(static_cast<float>(sum), affine_at(w.params, of_group, lane).scale, acc);
    column = end;
  }
  return std::fma(acc, row.scale, static_cast<const float*>(call.in[kPackedBias].data)[o]);
}

// Items are the outputs of all phases, phase by phase.
void convolve(const Call& call, ConvolutionForm form, int64_t begin, int64_t end) {
  const View &params = call.in[kDynamicParams], &y = call.out[0];
  const float lo = static_cast<float>(u8_attribute(call, form, kLo)),
              hi = static_cast<float>(u8_attribute(call, form, kHi));
  int64_t first = 0;
  for (int64_t phase = 0; phase < phases_of(call, form); ++phase) {
    const Convolution c = phase_of(call, form, phase);
    const int64_t per_image = c.h.outputs * c.w.outputs, last = first + pixels_of(c);
    for (int64_t item = std::max(begin, first); item < std::min(end, last); ++item) {
      const int64_t in_image = (item - first) % per_image;
      const Pixel pixel{(item - first) / per_image, in_image / c.w.outputs, in_image % c.w.outputs};
      const int64_t row =
          (pixel.image * y.dim[1] + output_cell(c.h, pixel.y)) * y.dim[2] + output_cell(c.w, pixel.x);
      const int64_t params_row = params.dim[0] == c.images ? pixel.image : row;
      const float* of_row = static_cast<const float*>(params.data) + params_row * params.stride;
      for (int64_t o = 0; o < c.out_channels; ++o) {
        const float sum = value(call, c, pixel, o, {of_row[0], zero_of_params(of_row)});
        const float above = sum < lo ? lo : sum;  // NaN stays
        static_cast<float*>(y.data)[row * y.stride + o] = above > hi ? hi : above;
      }
      apply_fused_reference(call, {row, 1, 1, 0, c.out_channels});
    }
    first = last;
  }
}

}  // namespace

void conv2d_dynamic_packed_reference(const Call& call, int64_t begin, int64_t end, void*) {
  convolve(call, ConvolutionForm::ordinary, begin, end);
}
void transpose_conv2d_dynamic_packed_reference(const Call& call, int64_t begin, int64_t end, void*) {
  convolve(call, ConvolutionForm::transposed, begin, end);
}

}  // namespace qn
