// rank_of on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/kernels/rank_of/rank_of.h"
#include "native/simd/row.h"

namespace qn {
namespace {

inline void rank_columns(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1];
  const int32_t* column = static_cast<const int32_t*>(call.in[1].data);
  int32_t* y = static_cast<int32_t*>(call.out[0].data);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    const Lanes selected = broadcast(x[column[row]]);
    // Counted in floats, which are exact up to 2^24 a lane: more columns than a row can have.
    Lanes greater = zero_lanes();
    Mask nan = no_lanes();
    int64_t i = 0;
    for (; i + 16 <= cols; i += 16) {
      const Lanes a = load(x + i);
      greater = add(greater, select(less(selected, a), broadcast(1.0f), zero_lanes()));
      nan = either(nan, is_nan(a));
    }
    int64_t rest = 0;
    bool nan_in_rest = false;
    for (; i < cols; i++) {
      rest += x[i] > x[column[row]];
      nan_in_rest |= x[i] != x[i];
    }
    y[row] =
        any(nan) || nan_in_rest ? -1 : static_cast<int32_t>(1 + rest + static_cast<int64_t>(sum(greater)));
  }
}

}  // namespace
}  // namespace qn
