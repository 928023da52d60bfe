#include <cmath>

#include "native/elementwise/apply_fused.h"
#include "native/kernels/mean/mean.h"

namespace qn {
namespace {

// The sum of the rows' sums.
template <class Value, class Sum>
Sum sum_of(const View& x, int64_t image, int64_t c) {
  const Value* at = static_cast<const Value*>(x.data) + image * x.dim[1] * x.dim[2] * x.stride + c;
  Sum total = 0;
  for (int64_t row = 0; row < x.dim[1]; row++) {
    Sum sum = 0;
    for (int64_t column = 0; column < x.dim[2]; column++, at += x.stride) sum += *at;
    total += sum;
  }
  return total;
}

uint8_t code_of(const Call& call, int64_t sum, int64_t pixels) {
  const float centred = static_cast<float>(sum - pixels * static_cast<int64_t>(call.attribute[kMeanXZero]));
  const float y_zero = static_cast<float>(call.attribute[kMeanYZero]);
  const float r = centred * static_cast<float>(call.attribute[kMeanMultiplier]);
  const float raised = r > -y_zero ? r : -y_zero;
  return static_cast<uint8_t>(std::nearbyint(raised < 255.0f - y_zero ? raised : 255.0f - y_zero) + y_zero);
}

}  // namespace

void mean_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t pixels = x.dim[1] * x.dim[2];
  for (int64_t i = begin; i < end; i++) {
    const MeanItem item = mean_item(call, i);
    for (int64_t c = item.channel_begin; c < item.channel_end; c++) {
      const int64_t to = item.image * y.stride + c;
      if (y.dtype == DType::f32) {
        const float sum = sum_of<float, float>(x, item.image, c);
        static_cast<float*>(y.data)[to] = sum / static_cast<float>(pixels);
      } else {
        const int64_t sum = sum_of<uint8_t, int64_t>(x, item.image, c);
        static_cast<uint8_t*>(y.data)[to] = code_of(call, sum, pixels);
      }
    }
    apply_fused_reference(call,
                          {item.image, 1, 1, item.channel_begin, item.channel_end - item.channel_begin});
  }
}

}  // namespace qn
