// The specification of the integer convolutions, output by output.
#include <algorithm>
#include <cmath>
#include <vector>

#include "native/core/fused.h"
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/u8_convolution.h"

namespace qn {
namespace {

int64_t code_at(const Weight& w, int64_t row, int64_t column) {
  const int64_t tap = column / w.tap_cols, place = tap * padded_tap_cols(w.tap_cols) + column % w.tap_cols;
  const uint8_t* panel = w.codes + row / kPanelRows * w.panel_bytes;
  return static_cast<int8_t>(panel[place / 4 * 4 * kPanelRows + row % kPanelRows * 4 + place % 4]);
}

// NaN stays.
float clamp(float x, float lo, float hi) {
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
}

struct Pixel {
  int64_t image, y, x;  // among the outputs of the phase
};

// sum (x - x_zero) * (w - w_zero) of output channel o, modulo 2^32.
int32_t dot(const Call& call, const Weight& w, const Convolution& c, const Pixel& pixel, int64_t o,
            int64_t x_zero, int64_t w_zero) {
  const View& x = call.in[0];
  const uint8_t* codes = static_cast<const uint8_t*>(x.data);
  int64_t sum = 0;
  for (int64_t th = 0; th < c.h.taps; ++th) {
    for (int64_t tw = 0; tw < c.w.taps; ++tw) {
      const int64_t y_cell = input_cell(c.h, pixel.y, th), x_cell = input_cell(c.w, pixel.x, tw);
      if (is_padding(c.h, y_cell) || is_padding(c.w, x_cell)) continue;
      const uint8_t* cell = codes + ((pixel.image * c.h.inputs + y_cell) * c.w.inputs + x_cell) * x.stride;
      const int64_t column = (c.first_tap + th * c.w.taps + tw) * c.in_channels;
      for (int64_t i = 0; i < c.in_channels; ++i) {
        sum += (cell[i] - x_zero) * (code_at(w, o, column + i) - w_zero);
      }
    }
  }
  return static_cast<int32_t>(sum);
}

// Where a pixel's results go as floats; null: they are codes.
float* float_row(const Call& call, std::vector<float>& values, int64_t row) {
  const View& y = call.out[0];
  if (has_real_steps(call)) return values.data();
  return y.dtype == DType::f32 ? static_cast<float*>(y.data) + row * y.stride : nullptr;
}

void codes_pixel(const Call& call, ConvolutionForm form, const Convolution& c, const Pixel& pixel,
                 int64_t row, float* reals) {
  const auto attribute = [&](U8Attribute which) { return u8_attribute(call, form, which); };
  const int64_t x_zero = static_cast<int64_t>(attribute(kXZero)),
                w_zero = static_cast<int64_t>(attribute(kWZero));
  const View& y = call.out[0];
  const bool codes = reals == nullptr;
  const float y_zero = codes ? static_cast<float>(attribute(kYZero)) : 0.0f;
  const float lo = static_cast<float>(codes ? std::max(attribute(kLo), 0.0) : attribute(kLo)) - y_zero,
              hi = static_cast<float>(codes ? std::min(attribute(kHi), 255.0) : attribute(kHi)) - y_zero;
  for (int64_t o = 0; o < c.out_channels; ++o) {
    const int32_t sum = dot(call, *call.in[kU8Weight].weight, c, pixel, o, x_zero, w_zero);
    const uint32_t bias = static_cast<uint32_t>(static_cast<const int32_t*>(call.in[kU8Bias].data)[o]);
    const float acc = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(sum) + bias));
    const float r = clamp(acc * static_cast<const float*>(call.in[kU8Multiplier].data)[o], lo, hi);
    if (codes) {
      static_cast<uint8_t*>(y.data)[row * y.stride + o] =
          static_cast<uint8_t>(std::nearbyint(std::isnan(r) ? lo : r) + y_zero);
    } else {
      reals[o] = r;
    }
  }
}

void dynamic_pixel(const Call& call, ConvolutionForm form, const Convolution& c, const Pixel& pixel,
                   int64_t row, float* reals) {
  const View& params = call.in[kDynamicParams];
  const int64_t params_row = params.dim[0] == c.images ? pixel.image : row;
  const float* of_row = static_cast<const float*>(params.data) + params_row * params.stride;
  const float lo = static_cast<float>(u8_attribute(call, form, kLo)),
              hi = static_cast<float>(u8_attribute(call, form, kHi));
  for (int64_t o = 0; o < c.out_channels; ++o) {
    const int32_t acc = dot(call, *call.in[kDynamicWeight].weight, c, pixel, o, zero_of_params(of_row), 0);
    const float scaled = static_cast<float>(acc) * of_row[0];
    const float sum = scaled * static_cast<const float*>(call.in[kDynamicScale].data)[o] +
                      static_cast<const float*>(call.in[kDynamicBias].data)[o];
    reals[o] = clamp(sum, lo, hi);
  }
}

using PixelFunction = void(const Call& call, ConvolutionForm form, const Convolution& c, const Pixel& pixel,
                           int64_t row, float* reals);

// Items are the outputs of all phases, phase by phase.
void convolve(const Call& call, ConvolutionForm form, int64_t begin, int64_t end, PixelFunction* compute) {
  const View& y = call.out[0];
  std::vector<float> values(has_real_steps(call) ? static_cast<std::size_t>(y.dim[3]) : 0);
  int64_t first = 0;
  for (int64_t phase = 0; phase < phases_of(call, form); ++phase) {
    const Convolution c = phase_of(call, form, phase);
    const int64_t per_image = c.h.outputs * c.w.outputs, last = first + pixels_of(c);
    for (int64_t item = std::max(begin, first); item < std::min(end, last); ++item) {
      const int64_t in_image = (item - first) % per_image;
      const Pixel pixel{(item - first) / per_image, in_image / c.w.outputs, in_image % c.w.outputs};
      const int64_t row =
          (pixel.image * y.dim[1] + output_cell(c.h, pixel.y)) * y.dim[2] + output_cell(c.w, pixel.x);
      compute(call, form, c, pixel, row, float_row(call, values, row));
      float* reals = has_real_steps(call) ? values.data() : nullptr;
      apply_fused_reference(call, {row, 1, 1, 0, c.out_channels, reals, c.out_channels});
    }
    first = last;
  }
}

}  // namespace

void conv2d_u8_reference(const Call& call, int64_t begin, int64_t end, void*) {
  convolve(call, ConvolutionForm::ordinary, begin, end, codes_pixel);
}
void conv2d_dynamic_reference(const Call& call, int64_t begin, int64_t end, void*) {
  convolve(call, ConvolutionForm::ordinary, begin, end, dynamic_pixel);
}
void transpose_conv2d_u8_reference(const Call& call, int64_t begin, int64_t end, void*) {
  convolve(call, ConvolutionForm::transposed, begin, end, codes_pixel);
}
void transpose_conv2d_dynamic_reference(const Call& call, int64_t begin, int64_t end, void*) {
  convolve(call, ConvolutionForm::transposed, begin, end, dynamic_pixel);
}

}  // namespace qn
