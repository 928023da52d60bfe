// codes.h on 16 lanes, the same bits. Include one of native/simd/code_lanes_*.h first, and define
//   ends_of(lo, hi)   the least lane of lo and the greatest of hi, as ends.h has it
#pragma once

#include "native/kernels/dynamic_codes/codes.h"

namespace qn {
namespace {

// 0 and the values seen so far lie in lo .. hi, lane by lane.
struct LaneRange {
  Lanes lo, hi;
};

QN_INLINE LaneRange empty_range() { return {zero_lanes(), zero_lanes()}; }

QN_INLINE LaneRange wider(LaneRange range, Lanes x) { return {min(x, range.lo), max(x, range.hi)}; }

// Of n consecutive values.
QN_INLINE LaneRange range_of(const float* x, int64_t n) {
  LaneRange all = empty_range();
  int64_t i = 0;
  if (n >= 128) {
    // Chains of their own: the latency of a minimum would be slower than the loads.
    constexpr int kChains = 4;
    LaneRange range[kChains] = {all, all, all, all};
    for (; i + 16 * kChains <= n; i += 16 * kChains) {
      QN_UNROLL for (int c = 0; c < kChains; ++c) range[c] = wider(range[c], load(x + i + 16 * c));
    }
    all.lo = min(min(range[0].lo, range[1].lo), min(range[2].lo, range[3].lo));
    all.hi = max(max(range[0].hi, range[1].hi), max(range[2].hi, range[3].hi));
  }
  for (; i + 16 <= n; i += 16) all = wider(all, load(x + i));
  return i < n ? wider(all, load_first(x + i, n - i)) : all;
}

struct LaneCodes {
  Lanes inverse, scale, zero;
};

QN_INLINE LaneCodes dynamic_codes(LaneRange range) {
  const Lanes one = broadcast(1.0f), zero = zero_lanes(), most = broadcast(255.0f);
  const Lanes width = sub(range.hi, range.lo);
  const Lanes inverse = select(equal(range.lo, range.hi), one, div(most, width));
  const Lanes from_lo = mul(range.lo, inverse), from_hi = mul(range.hi, inverse);
  const Lanes round = broadcast(12582912.0f);
  const auto nearest_whole = [&](Lanes x) QN_LAMBDA_INLINE { return sub(add(x, round), round); };
  const Lanes whole = nearest_whole(from_hi), rest = sub(from_hi, whole);
  const Mask half = either(equal(rest, broadcast(0.5f)), equal(rest, broadcast(-0.5f)));
  const Lanes by_hi = sub(sub(most, whole), select(half, add(rest, rest), zero));
  const Lanes by_lo = sub(zero, nearest_whole(from_lo));
  const Lanes either_end = select(less(one, add(from_lo, from_hi)), by_lo, by_hi);
  return {inverse, div(one, inverse), min(max(either_end, zero), most)};
}

// The codes of n consecutive values.
QN_INLINE void store_dynamic_codes(const float* x, int64_t n, float inverse, float zero, uint8_t* to) {
  const Lanes factor = broadcast(inverse), lo = broadcast(-zero), hi = broadcast(255.0f - zero);
  const Integers offset = broadcast_integer(static_cast<int32_t>(zero));
  const auto codes = [&](Lanes a) QN_LAMBDA_INLINE {
    return add(to_integers(min(max(mul(a, factor), lo), hi)), offset);
  };
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) store_codes(to + i, 16, codes(load(x + i)));
  if (i < n) store_codes(to + i, n - i, codes(load_first(x + i, n - i)));
}

}  // namespace
}  // namespace qn
