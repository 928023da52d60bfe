// Sums that are kept as two float32 each, as op gram leaves them (native/kernels/gram/gram.h).
#pragma once

#include <cstdint>

namespace qn {

struct PairSums {
  const float* sums;    // [rows, cols]
  const float* errors;  // [rows, cols]: what rounding took from the sums
  bool upper;           // of a symmetric matrix only what is on and above the diagonal
};

// to [rows, cols] = factor * the sums, less those of `minus` where it is not null, rounded to float32 once.
void scale_sums(const PairSums& sums, const PairSums* minus, double factor, int64_t rows, int64_t cols,
                float* to);

}  // namespace qn
