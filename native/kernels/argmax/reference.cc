#include "native/kernels/argmax/argmax.h"

namespace qn {

void argmax_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    int64_t best = 0;
    for (int64_t i = 0; i < cols; i++) {
      if (x[i] != x[i]) {
        best = -1;
        break;
      }
      if (x[i] > x[best]) best = i;
    }
    static_cast<int32_t*>(call.out[0].data)[row] = static_cast<int32_t>(best);
  }
}

}  // namespace qn
