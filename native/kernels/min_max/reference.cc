#include "native/kernels/min_max/min_max.h"

namespace qn {

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

}  // namespace qn
