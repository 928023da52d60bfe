#include "native/core/float_math.h"
#include "native/kernels/rope/rope.h"

namespace qn {

void rope_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1], half = call.in[1].dim[1];
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    const float* cosine = static_cast<const float*>(call.in[1].data) + row * half;
    const float* sine = static_cast<const float*>(call.in[2].data) + row * half;
    float* y = static_cast<float*>(call.out[0].data) + row * cols;
    for (int64_t head = 0; head < cols; head += 2 * half) {
      for (int64_t i = 0; i < half; i++) {
        const float a = x[head + i], b = x[head + i + half];  // y may be x
        y[head + i] = fused_multiply_add(-b, sine[i], a * cosine[i]);
        y[head + i + half] = fused_multiply_add(a, sine[i], b * cosine[i]);
      }
    }
  }
}

}  // namespace qn
