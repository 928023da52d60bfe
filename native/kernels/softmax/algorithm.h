// softmax on 16 lanes. Include one of native/simd/lanes_*.h first.
//
// A NaN in a row makes its sum and so all of its results NaN, whatever the greatest element has become.
#pragma once

#include "native/core/float_math.h"
#include "native/core/rows.h"
#include "native/kernels/softmax/softmax.h"
#include "native/simd/row.h"

namespace qn {
namespace {

inline Lanes greatest_product(const float* x, int64_t cols, Lanes beta) {
  Lanes greatest = broadcast(-infinity());
  for (int64_t i = 0; i < cols; i += kLanes) {
    const int64_t n = cols - i < kLanes ? cols - i : kLanes;
    const Lanes product = mul(load_some(x + i, n), beta);
    greatest = max(greatest, select(first_lanes(n), product, greatest));
  }
  return broadcast(maximum(greatest));
}

// Stores its terms on the way.
struct StoredTerm {
  const float* x;
  float* y;
  Lanes beta, greatest;
  QN_INLINE Lanes operator()(int64_t i, int64_t n) const {
    const Lanes term = exponential(sub(mul(load_some(x + i, n), beta), greatest));
    if (n == kLanes) {
      store(y + i, term);
    } else {
      store_first(y + i, n, term);
    }
    return term;
  }
};

inline void softmax_rows(const Call& call, int64_t begin, int64_t end) {
  const View &in = call.in[0], &out = call.out[0];
  const Lanes beta = broadcast(static_cast<float>(call.attribute[kSoftmaxBeta]));
  const int64_t cols = columns_of(in);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(in.data) + row * in.stride;
    float* y = static_cast<float*>(out.data) + row * out.stride;
    const Lanes greatest = greatest_product(x, cols, beta);
    const Lanes sum = broadcast(sum_row(cols, kSumBlock, StoredTerm{x, y, beta, greatest}));
    int64_t i = 0;
    for (; i + kLanes <= cols; i += kLanes) store(y + i, div(load(y + i), sum));
    if (i < cols) store_first(y + i, cols - i, div(load_first(y + i, cols - i), sum));
  }
}

}  // namespace
}  // namespace qn
