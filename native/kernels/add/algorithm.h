// add on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/add/add.h"

namespace qn {
namespace {

inline void add_elements(const Call& call, int64_t begin, int64_t end) {
  const int64_t elements = call.in[0].dim[0] * call.in[0].dim[1];
  const int64_t last = end * kAddItem < elements ? end * kAddItem : elements;
  const float* a = static_cast<const float*>(call.in[0].data);
  const float* b = static_cast<const float*>(call.in[1].data);
  float* y = static_cast<float*>(call.out[0].data);
  int64_t i = begin * kAddItem;
  for (; i + kLanes <= last; i += kLanes) store(y + i, add(load(a + i), load(b + i)));
  if (i < last) store_first(y + i, last - i, add(load_first(a + i, last - i), load_first(b + i, last - i)));
}

}  // namespace
}  // namespace qn
