#include <algorithm>

#include "native/kernels/dynamic_codes/min_max.h"
#include "native/kernels/dynamic_codes/quantize_image.h"
#include "native/kernels/dynamic_codes/quantize_pixels.h"

namespace qn {

void quantize_pixels_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0], &params = call.out[1];
  const int64_t channels = x.dim[3], last = std::min(end * kPixelsTogether, pixels_of(x));
  for (int64_t pixel = begin * kPixelsTogether; pixel < last; ++pixel) {
    const float* from = static_cast<const float*>(x.data) + pixel * x.stride;
    float lo = 0, hi = 0;
    for (int64_t c = 0; c < channels; ++c) {
      if (from[c] < lo) lo = from[c];
      if (from[c] > hi) hi = from[c];
    }
    const DynamicCodes codes = dynamic_codes(lo, hi);
    uint8_t* to = static_cast<uint8_t*>(y.data) + pixel * y.stride;
    for (int64_t c = 0; c < channels; ++c) to[c] = dynamic_code(from[c], codes);
    float* row = static_cast<float*>(params.data) + pixel * params.stride;
    row[0] = codes.scale;
    row[1] = codes.zero;
  }
}

void min_max_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View& x = call.in[0];
  for (int64_t item = begin; item < end; ++item) {
    const ImageSlice slice = image_slice(call, item);
    const float* from = static_cast<const float*>(x.data) + slice.first_pixel * x.stride;
    float lo = 0, hi = 0;
    for (int64_t i = 0; i < slice.pixels; ++i, from += x.stride) {
      for (int64_t c = 0; c < x.dim[3]; ++c) {
        if (from[c] < lo) lo = from[c];
        if (from[c] > hi) hi = from[c];
      }
    }
    slice_result(call, item)[0] = lo;
    slice_result(call, item)[1] = hi;
  }
}

void quantize_image_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  for (int64_t item = begin; item < end; ++item) {
    const int64_t image = item / x.dim[1];
    const DynamicCodes codes = image_codes(call, image);
    if (item % x.dim[1] == 0) write_image_params(call, image, codes);
    for (int64_t pixel = item * x.dim[2]; pixel < (item + 1) * x.dim[2]; ++pixel) {
      const float* from = static_cast<const float*>(x.data) + pixel * x.stride;
      uint8_t* to = static_cast<uint8_t*>(y.data) + pixel * y.stride;
      for (int64_t c = 0; c < x.dim[3]; ++c) to[c] = dynamic_code(from[c], codes);
    }
  }
}

}  // namespace qn
