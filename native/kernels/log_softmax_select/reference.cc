#include "native/core/float_math.h"
#include "native/kernels/log_softmax_select/log_softmax_select.h"

namespace qn {
namespace {

float sum_of_exponentials(const float* x, int64_t cols, float maximum) {
  float total[kLanes] = {};
  for (int64_t block = 0; block < cols; block += kSumBlock) {
    float partial[kLanes] = {};
    for (int64_t i = block; i < block + kSumBlock && i < cols; i++)
      partial[i % kLanes] += exponential(x[i] - maximum);
    for (int lane = 0; lane < kLanes; lane++) total[lane] += partial[lane];
  }
  return sum_lanes(total);
}

}  // namespace

void log_softmax_select_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  const int32_t* column = static_cast<const int32_t*>(call.in[1].data);
  float* y = static_cast<float*>(call.out[0].data);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    float m = -infinity();
    for (int64_t i = 0; i < cols; i++) m = x[i] > m ? x[i] : m;
    const double log_z = natural_log(static_cast<double>(sum_of_exponentials(x, cols, m)));
    y[row] = static_cast<float>((static_cast<double>(x[column[row]]) - static_cast<double>(m)) - log_z);
  }
}

}  // namespace qn
