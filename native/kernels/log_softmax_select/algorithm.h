// log_softmax_select on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/log_softmax_select/log_softmax_select.h"
#include "native/simd/row.h"

namespace qn {
namespace {

inline void select_log_probabilities(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1];
  const int32_t* column = static_cast<const int32_t*>(call.in[1].data);
  float* y = static_cast<float*>(call.out[0].data);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    const float m = scan_row(x, cols).maximum;
    const double log_z = natural_log(static_cast<double>(sum_exponentials(x, cols, m, kSumBlock)));
    y[row] = static_cast<float>((static_cast<double>(x[column[row]]) - static_cast<double>(m)) - log_z);
  }
}

}  // namespace
}  // namespace qn
