#include <cmath>

#include "native/core/weight_value.h"
#include "native/kernels/add_outliers/add_outliers.h"

namespace qn {

void add_outliers_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const Weight& w = *call.in[2].weight;
  const float outlier = static_cast<float>(call.attribute[0]);
  const float* y = static_cast<const float*>(call.in[0].data);
  const float* x = static_cast<const float*>(call.in[1].data);
  float* out = static_cast<float*>(call.out[0].data);
  for (int64_t t = begin; t < end; ++t) {
    for (int64_t n = 0; n < w.rows; ++n) {
      float sum = y[t * w.rows + n];
      for (int64_t k = 0; k < w.cols; ++k) {
        const float input = x[t * w.cols + k];
        if (is_outlier(input, outlier)) sum = std::fma(input, value_at(w, n, k), sum);
      }
      out[t * w.rows + n] = sum;
    }
  }
}

}  // namespace qn
