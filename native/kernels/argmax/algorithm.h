// argmax on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/kernels/argmax/argmax.h"
#include "native/simd/row.h"

namespace qn {
namespace {

// The first column that equals `value`, which is in the row.
inline int32_t first_equal(const float* x, int64_t cols, float value) {
  const Lanes wanted = broadcast(value);
  int64_t i = 0;
  while (i + 16 <= cols && !any(equal(load(x + i), wanted))) i += 16;
  while (x[i] != value) i++;
  return static_cast<int32_t>(i);
}

// Two passes: the second stops at the maximum, and needs no index for each lane.
inline void find_greatest(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1];
  int32_t* y = static_cast<int32_t*>(call.out[0].data);
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    const RowScan scan = scan_row(x, cols);
    y[row] = scan.has_nan ? -1 : first_equal(x, cols, scan.maximum);
  }
}

}  // namespace
}  // namespace qn
