// top_k on 16 lanes. Include one of native/simd/lanes_*.h first.
//
// The K best so far are a heap in the output itself, the worst of them at its root. Sixteen columns at a time
// are compared with that root, and hardly any pass: of N values in random order about K * ln(N / K) enter the
// heap.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/top_k/top_k.h"
#include "native/simd/row.h"

namespace qn {
namespace {

struct Heap {
  float* value;
  int32_t* column;
  int64_t size;

  // Whether entry a leaves before entry b: smaller, or equal and further to the right.
  bool worse(int64_t a, int64_t b) const {
    return value[a] < value[b] || (value[a] == value[b] && column[a] > column[b]);
  }

  void swap(int64_t a, int64_t b) {
    const float v = value[a];
    const int32_t c = column[a];
    value[a] = value[b];
    column[a] = column[b];
    value[b] = v;
    column[b] = c;
  }

  // Restores the order below `parent`.
  void sift_down(int64_t parent) {
    for (int64_t child = 2 * parent + 1; child < size; child = 2 * parent + 1) {
      if (child + 1 < size && worse(child + 1, child)) child++;
      if (!worse(child, parent)) return;
      swap(child, parent);
      parent = child;
    }
  }

  // Takes the worst out again and again, so that they end up in descending order.
  void sort() {
    while (size > 1) {
      swap(0, --size);
      sift_down(0);
    }
  }
};

// False when there is a NaN.
inline bool select_row(const float* x, int64_t cols, Heap heap) {
  for (int64_t i = 0; i < heap.size; i++) {
    if (x[i] != x[i]) return false;
    heap.value[i] = x[i];
    heap.column[i] = static_cast<int32_t>(i);
  }
  for (int64_t i = heap.size / 2 - 1; i >= 0; i--) heap.sift_down(i);
  for (int64_t i = heap.size; i < cols; i += 16) {
    const int64_t n = cols - i < 16 ? cols - i : 16;
    if (n == 16) {
      const Lanes a = load(x + i);
      if (!any(either(less(broadcast(heap.value[0]), a), is_nan(a)))) continue;
    }
    for (int64_t j = i; j < i + n; j++) {
      if (x[j] != x[j]) return false;
      if (!(x[j] > heap.value[0])) continue;
      heap.value[0] = x[j];
      heap.column[0] = static_cast<int32_t>(j);
      heap.sift_down(0);
    }
  }
  heap.sort();
  return true;
}

inline void select_greatest(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1], k = call.out[0].dim[1];
  for (int64_t row = begin; row < end; row++) {
    const Heap heap{static_cast<float*>(call.out[0].data) + row * k,
                    static_cast<int32_t*>(call.out[1].data) + row * k, k};
    if (select_row(static_cast<const float*>(call.in[0].data) + row * cols, cols, heap)) continue;
    for (int64_t i = 0; i < k; i++) {
      heap.value[i] = quiet_nan();
      heap.column[i] = -1;
    }
  }
}

}  // namespace
}  // namespace qn
