// rmsnorm on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/rmsnorm/rmsnorm.h"

namespace qn {
namespace {

QN_INLINE Lanes sum_of_squares(const float* x, int64_t cols) {
  Lanes squares = zero_lanes();
  int64_t i = 0;
  for (; i + kLanes <= cols; i += kLanes) {
    const Lanes a = load(x + i);
    squares = fma(a, a, squares);
  }
  if (i < cols) {
    const Lanes a = load_first(x + i, cols - i);
    squares = fma(a, a, squares);
  }
  return squares;
}

inline void normalize_rows(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1];
  const float* gain = static_cast<const float*>(call.in[1].data);
  const float epsilon = static_cast<float>(call.attribute[0]);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    float* y = static_cast<float*>(call.out[0].data) + row * cols;
    const float mean = sum(sum_of_squares(x, cols)) / static_cast<float>(cols);
    const Lanes r = broadcast(1.0f / square_root(mean + epsilon));
    int64_t i = 0;
    for (; i + kLanes <= cols; i += kLanes) store(y + i, mul(mul(load(x + i), r), load(gain + i)));
    if (i < cols) {
      const int64_t n = cols - i;
      store_first(y + i, n, mul(mul(load_first(x + i, n), r), load_first(gain + i, n)));
    }
  }
}

}  // namespace
}  // namespace qn
