// swiglu on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/swiglu/swiglu.h"
#include "native/simd/exponential.h"

namespace qn {
namespace {

QN_INLINE Lanes gated(Lanes gate, Lanes up) {
  // 0 - gate has the bits of -gate except for -0 and NaN's sign, and exp(0) is 1 either way.
  const Lanes one = broadcast(1.0f);
  return mul(div(gate, add(one, exponential(sub(zero_lanes(), gate)))), up);
}

inline void gate_elements(const Call& call, int64_t begin, int64_t end) {
  const int64_t elements = call.in[0].dim[0] * call.in[0].dim[1];
  const int64_t last = end * kSwigluItem < elements ? end * kSwigluItem : elements;
  const float* gate = static_cast<const float*>(call.in[0].data);
  const float* up = static_cast<const float*>(call.in[1].data);
  float* y = static_cast<float*>(call.out[0].data);
  int64_t i = begin * kSwigluItem;
  for (; i + kLanes <= last; i += kLanes) store(y + i, gated(load(gate + i), load(up + i)));
  if (i < last)
    store_first(y + i, last - i, gated(load_first(gate + i, last - i), load_first(up + i, last - i)));
}

}  // namespace
}  // namespace qn
