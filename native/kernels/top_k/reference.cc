#include "native/core/float_math.h"
#include "native/kernels/top_k/top_k.h"

namespace qn {

// Insertion into the sorted list of the best so far; a later column goes behind its equals.
void top_k_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1], k = call.out[0].dim[1];
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    float* value = static_cast<float*>(call.out[0].data) + row * k;
    int32_t* column = static_cast<int32_t*>(call.out[1].data) + row * k;
    int64_t found = 0;
    bool nan = false;
    for (int64_t i = 0; i < cols; i++) {
      nan |= x[i] != x[i];
      if (found == k && !(x[i] > value[k - 1])) continue;
      int64_t place = found < k ? found++ : k - 1;
      for (; place > 0 && x[i] > value[place - 1]; place--) {
        value[place] = value[place - 1];
        column[place] = column[place - 1];
      }
      value[place] = x[i];
      column[place] = static_cast<int32_t>(i);
    }
    for (int64_t i = 0; nan && i < k; i++) {
      value[i] = quiet_nan();
      column[i] = -1;
    }
  }
}

}  // namespace qn
