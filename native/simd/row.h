// Passes over one row of many columns, on 16 lanes. Include one of lanes_*.h first.
#pragma once

#include <stdint.h>

#include "native/simd/exponential.h"

namespace qn {
namespace {

// n elements from p on, n in 1..16, 0 in the lanes beyond. Where the caller's n is a constant 16 this is a
// plain load.
QN_INLINE Lanes load_some(const float* p, int64_t n) { return n == 16 ? load(p) : load_first(p, n); }

struct RowScan {
  float maximum;  // of a row without NaN
  bool has_nan;
};

inline RowScan scan_row(const float* x, int64_t cols) {
  const Lanes lowest = broadcast(-__builtin_bit_cast(float, 0x7f800000));
  // Independent chains: the latency of one maximum would be slower than the loads.
  constexpr int kChains = 4;
  Lanes greatest[kChains] = {lowest, lowest, lowest, lowest};
  Mask nan[kChains] = {no_lanes(), no_lanes(), no_lanes(), no_lanes()};
  int64_t i = 0;
  for (; i + 16 * kChains <= cols; i += 16 * kChains) {
    QN_UNROLL for (int c = 0; c < kChains; c++) {
      const Lanes a = load(x + i + 16 * c);
      greatest[c] = max(greatest[c], a);
      nan[c] = either(nan[c], is_nan(a));
    }
  }
  for (; i < cols; i += 16) {
    const int64_t n = cols - i < 16 ? cols - i : 16;
    const Lanes a = load_first(x + i, n);
    greatest[0] = max(greatest[0], select(first_lanes(n), a, lowest));
    nan[0] = either(nan[0], is_nan(a));
  }
  return {maximum(max(max(greatest[0], greatest[1]), max(greatest[2], greatest[3]))),
          any(either(either(nan[0], nan[1]), either(nan[2], nan[3])))};
}

// The sum of term(i, n), a vector for the columns [i, i + n), over a row, by blocks of `block` columns (a
// multiple of 16). `term` may leave anything in the lanes from n on.
template <class Term>
QN_INLINE float sum_row(int64_t cols, int64_t block, const Term& term) {
  Lanes total = zero_lanes();
  for (int64_t begin = 0; begin < cols; begin += block) {
    const int64_t end = begin + block < cols ? begin + block : cols;
    Lanes partial = zero_lanes();
    int64_t i = begin;
    for (; i + 16 <= end; i += 16) partial = add(partial, term(i, 16));
    if (i < end) partial = add(partial, select(first_lanes(end - i), term(i, end - i), zero_lanes()));
    total = add(total, partial);
  }
  return sum(total);
}

struct ExponentialTerm {
  const float* x;
  Lanes maximum;
  QN_INLINE Lanes operator()(int64_t i, int64_t n) const {
    return exponential(sub(load_some(x + i, n), maximum));
  }
};

// The sum of exp(x - maximum).
inline float sum_exponentials(const float* x, int64_t cols, float maximum, int64_t block) {
  return sum_row(cols, block, ExponentialTerm{x, broadcast(maximum)});
}

}  // namespace
}  // namespace qn
