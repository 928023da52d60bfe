#include <cmath>

#include "native/kernels/hadamard/hadamard.h"

namespace qn {

void hadamard_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  const int64_t block = static_cast<int64_t>(call.attribute[0]);
  const float norm = 1 / std::sqrt(static_cast<float>(block));
  for (int64_t t = begin; t < end; ++t) {
    const float* x = static_cast<const float*>(call.in[0].data) + t * cols;
    float* y = static_cast<float*>(call.out[0].data) + t * cols;
    for (int64_t i = 0; i < cols; ++i) y[i] = x[i];
    for (int64_t distance = 1; distance < block; distance *= 2) {
      for (int64_t first = 0; first < cols; first += 2 * distance) {
        for (int64_t i = first; i < first + distance; ++i) {
          const float a = y[i], b = y[i + distance];
          y[i] = a + b;
          y[i + distance] = a - b;
        }
      }
    }
    for (int64_t i = 0; i < cols; ++i) y[i] *= norm;
  }
}

}  // namespace qn
