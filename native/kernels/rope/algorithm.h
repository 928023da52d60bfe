// rope on 16 lanes. Include one of native/simd/lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/rope/rope.h"

namespace qn {
namespace {

inline void rotate_rows(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1], half = call.in[1].dim[1];
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    const float* cosine = static_cast<const float*>(call.in[1].data) + row * half;
    const float* sine = static_cast<const float*>(call.in[2].data) + row * half;
    float* y = static_cast<float*>(call.out[0].data) + row * cols;
    int64_t i = 0;
    for (; i + kLanes <= half; i += kLanes) {
      const Lanes c = load(cosine + i), s = load(sine + i);
      for (int64_t p = i; p < cols; p += 2 * half) {
        const Lanes a = load(x + p), b = load(x + p + half);
        store(y + p, fnma(b, s, mul(a, c)));
        store(y + p + half, fma(a, s, mul(b, c)));
      }
    }
    if (i == half) continue;
    const int64_t n = half - i;
    const Lanes c = load_first(cosine + i, n), s = load_first(sine + i, n);
    for (int64_t p = i; p < cols; p += 2 * half) {
      const Lanes a = load_first(x + p, n), b = load_first(x + p + half, n);
      store_first(y + p, n, fnma(b, s, mul(a, c)));
      store_first(y + p + half, n, fma(a, s, mul(b, c)));
    }
  }
}

}  // namespace
}  // namespace qn
