#include "native/core/float_math.h"
#include "native/kernels/rmsnorm/rmsnorm.h"

namespace qn {

void rmsnorm_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  const float* gain = static_cast<const float*>(call.in[1].data);
  const float epsilon = static_cast<float>(call.attribute[0]);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    float* y = static_cast<float*>(call.out[0].data) + row * cols;
    float squares[kLanes] = {};
    for (int64_t i = 0; i < cols; i++)
      squares[i % kLanes] = fused_multiply_add(x[i], x[i], squares[i % kLanes]);
    const float mean = sum_lanes(squares) / static_cast<float>(cols);
    const float r = 1.0f / square_root(mean + epsilon);
    for (int64_t i = 0; i < cols; i++) y[i] = (x[i] * r) * gain[i];
  }
}

}  // namespace qn
