#include <algorithm>

#include "native/core/dynamic_codes.h"
#include "native/kernels/quantize_pixels/quantize_pixels.h"

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

}  // namespace qn
