#include <algorithm>

#include "native/core/float_math.h"
#include "native/core/rows.h"
#include "native/kernels/softmax/softmax.h"

namespace qn {
namespace {

float sum_blocks(const float* x, int64_t cols) {
  float total[kLanes] = {};
  for (int64_t begin = 0; begin < cols; begin += kSumBlock) {
    float partial[kLanes] = {};
    for (int64_t i = begin; i < std::min(cols, begin + kSumBlock); i++) partial[i % kLanes] += x[i];
    for (int lane = 0; lane < kLanes; lane++) total[lane] += partial[lane];
  }
  return sum_lanes(total);
}

}  // namespace

void softmax_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &in = call.in[0], &out = call.out[0];
  const float beta = static_cast<float>(call.attribute[kSoftmaxBeta]);
  const int64_t cols = columns_of(in);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(in.data) + row * in.stride;
    float* y = static_cast<float*>(out.data) + row * out.stride;
    float greatest = -infinity();
    for (int64_t i = 0; i < cols; i++) greatest = std::max(greatest, beta * x[i]);
    for (int64_t i = 0; i < cols; i++) y[i] = exponential(beta * x[i] - greatest);
    const float sum = sum_blocks(y, cols);
    for (int64_t i = 0; i < cols; i++) y[i] /= sum;
  }
}

}  // namespace qn
