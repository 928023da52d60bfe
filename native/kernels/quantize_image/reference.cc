#include "native/kernels/quantize_image/quantize_image.h"

namespace qn {

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
