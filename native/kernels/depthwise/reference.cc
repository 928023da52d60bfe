#include <cmath>
#include <vector>

#include "native/core/dynamic_params.h"
#include "native/core/float_math.h"
#include "native/core/fused.h"
#include "native/elementwise/apply_fused.h"
#include "native/kernels/depthwise/depthwise.h"

namespace qn {
namespace {

// Keeps NaN.
float clamp(float x, float lo, float hi) {
  const float raised = lo > x ? lo : x;
  return hi < raised ? hi : raised;
}

// NaN becomes lo.
uint8_t code_of(float r, float y_zero, float lo, float hi) {
  const float raised = r > lo - y_zero ? r : lo - y_zero;
  return static_cast<uint8_t>(std::nearbyint(raised < hi - y_zero ? raised : hi - y_zero) + y_zero);
}

// Sums wrap around, as the instructions do: whoever stays within int32 never sees it.
int32_t multiply_add(int32_t a, int32_t b, int32_t sum) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) +
                              static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}

template <class T>
const T* data_of(const View& view) {
  return static_cast<const T*>(view.data);
}

// Calls store(y, pixel, channel, sum) for each output of the items, `sum` being start(channel) with add(sum,
// x, w) for each tap that is no padding. `weight` is an input's position. `values`: null, or where float32 of
// a row of outputs is kept until fused steps have made codes of it.
template <class X, class W, class Start, class Add, class Store>
void convolve(const Call& call, int64_t begin, int64_t end, int64_t channels, int weight, Start start,
              Add add, Store store, float* values = nullptr) {
  const View &x = call.in[kDepthwiseX], &y = call.out[0];
  const WindowAxis h = depthwise_axis(call, 0), w = depthwise_axis(call, 1);
  const int64_t multiplier = y.dim[3] / x.dim[3];
  for (int64_t i = begin; i < end; i++) {
    const DepthwiseItem item = depthwise_item(call, i, channels);
    for (int64_t row = item.row_begin; row < item.row_end; row++) {
      for (int64_t column = 0; column < w.outputs; column++) {
        const int64_t pixel = (item.image * h.outputs + row) * w.outputs + column;
        const TapRange rows = taps_inside(h, row), columns = taps_inside(w, column);
        for (int64_t o = item.channel_begin; o < item.channel_end; o++) {
          auto sum = start(o);
          for (int64_t ky = rows.begin; ky < rows.end; ky++) {
            for (int64_t kx = columns.begin; kx < columns.end; kx++) {
              const int64_t cell = (item.image * h.inputs + first_cell(h, row) + ky * h.dilation) * w.inputs +
                                   first_cell(w, column) + kx * w.dilation;
              sum = add(sum, data_of<X>(x)[cell * x.stride + o / multiplier],
                        data_of<W>(call.in[weight])[(ky * w.taps + kx) * call.in[weight].stride + o]);
            }
          }
          store(item.image, pixel, o, sum);
        }
      }
      const int64_t first = (item.image * h.outputs + row) * w.outputs, c = item.channel_begin;
      float* of_item = values == nullptr ? nullptr : values + c;
      apply_fused_reference(call, {first, w.outputs, 1, c, item.channel_end - c, of_item, y.dim[3]});
    }
  }
}

}  // namespace

void depthwise_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View& y = call.out[0];
  const float* bias = data_of<float>(call.in[kDepthwiseBias]);
  const float lo = static_cast<float>(call.attribute[kDepthwiseLo]);
  const float hi = static_cast<float>(call.attribute[kDepthwiseHi]);
  convolve<float, float>(
      call, begin, end, kDepthwiseFloatChannels, kDepthwiseWeight, [&](int64_t o) { return bias[o]; },
      [](float sum, float x, float w) { return fused_multiply_add(x, w, sum); },
      [&](int64_t, int64_t pixel, int64_t o, float sum) {
        static_cast<float*>(y.data)[pixel * y.stride + o] = clamp(sum, lo, hi);
      });
}

void depthwise_u8_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View& y = call.out[0];
  const bool real_steps = has_real_steps(call);
  std::vector<float> values(real_steps ? static_cast<size_t>(y.dim[2] * y.dim[3]) : 0);
  const int32_t* bias = data_of<int32_t>(call.in[kDepthwiseBias]);
  const float* multiplier = data_of<float>(call.in[kDepthwiseMultiplier]);
  const int32_t x_zero = static_cast<int32_t>(call.attribute[kDepthwiseXZero]);
  const int32_t w_zero = static_cast<int32_t>(call.attribute[kDepthwiseWZero]);
  const float y_zero = static_cast<float>(call.attribute[kDepthwiseYZero]);
  const float lo = static_cast<float>(call.attribute[kDepthwiseLo]);
  const float hi = static_cast<float>(call.attribute[kDepthwiseHi]);
  convolve<uint8_t, int8_t>(
      call, begin, end, kDepthwiseCodeChannels, kDepthwiseWeight, [&](int64_t o) { return bias[o]; },
      [&](int32_t sum, int32_t x, int32_t w) { return multiply_add(x - x_zero, w - w_zero, sum); },
      [&](int64_t, int64_t pixel, int64_t o, int32_t sum) {
        const float r = static_cast<float>(sum) * multiplier[o];
        if (real_steps) {
          values[static_cast<size_t>(pixel % y.dim[2] * y.dim[3] + o)] = clamp(r, lo, hi);
        } else if (y.dtype == DType::f32) {
          static_cast<float*>(y.data)[pixel * y.stride + o] = clamp(r, lo, hi);
        } else {
          static_cast<uint8_t*>(y.data)[pixel * y.stride + o] = code_of(r, y_zero, lo, hi);
        }
      },
      real_steps ? values.data() : nullptr);
}

void depthwise_dynamic_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View& y = call.out[0];
  const float* parameters = data_of<float>(call.in[kDepthwiseDynamicParameters]);
  const int64_t step = call.in[kDepthwiseDynamicParameters].stride;
  const float* bias = data_of<float>(call.in[kDepthwiseDynamicBias]);
  const float* scale = data_of<float>(call.in[kDepthwiseDynamicScale]);
  const float lo = static_cast<float>(call.attribute[kDepthwiseLo]);
  const float hi = static_cast<float>(call.attribute[kDepthwiseHi]);
  // The zero point is an image's, so the sums of codes and of weights are kept apart.
  struct Sums {
    int32_t codes, weights;
  };
  convolve<uint8_t, int8_t>(
      call, begin, end, kDepthwiseCodeChannels, kDepthwiseDynamicWeight,
      [](int64_t) {
        return Sums{0, 0};
      },
      [](Sums sums, int32_t x, int32_t w) {
        return Sums{multiply_add(x, w, sums.codes), sums.weights + w};
      },
      [&](int64_t image, int64_t pixel, int64_t o, Sums sums) {
        const int32_t zero = zero_of_params(parameters + image * step);
        const float sum = static_cast<float>(multiply_add(-zero, sums.weights, sums.codes));
        const float r = sum * parameters[image * step] * scale[o] + bias[o];
        static_cast<float*>(y.data)[pixel * y.stride + o] = clamp(r, lo, hi);
      });
}

}  // namespace qn
