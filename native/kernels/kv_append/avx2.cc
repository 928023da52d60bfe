#include "native/simd/lanes_avx2.h"

#include "native/core/float_math.h"
#include "native/kernels/kv_append/kv_append.h"

namespace qn {
namespace {

// `count` elements in the cache's type, at most 16.
QN_INLINE void convert(const float* x, int64_t count, float* y) { store(y, load_first(x, count)); }
QN_INLINE void convert(const float* x, int64_t count, uint16_t* y) { store(y, load_first(x, count)); }

template <class Element>
void append(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1], heads = call.in[3].dim[1], head_dim = call.in[3].dim[2];
  const int32_t* slots = static_cast<const int32_t*>(call.in[2].data);
  const int64_t tokens = call.in[0].dim[0];
  const int64_t last = end * kKvAppendItem < tokens ? end * kKvAppendItem : tokens;
  for (int64_t t = begin * kKvAppendItem; t < last; t++) {
    const float* k = static_cast<const float*>(call.in[0].data) + t * cols;
    const float* v = static_cast<const float*>(call.in[1].data) + t * cols;
    const int64_t block = slots[t] / kLanes, lane = slots[t] % kLanes;
    for (int64_t h = 0; h < heads; h++, k += head_dim, v += head_dim) {
      const int64_t head = (block * heads + h) * head_dim * kLanes;
      Element* keys = static_cast<Element*>(call.out[0].data) + head + lane;
      Element* values = static_cast<Element*>(call.out[1].data) + head + lane * head_dim;
      for (int64_t d = 0; d < head_dim; d += kLanes) {
        const int64_t n = head_dim - d < kLanes ? head_dim - d : kLanes;
        Element converted[kLanes];
        convert(k + d, n, converted);
        for (int64_t i = 0; i < n; i++) keys[(d + i) * kLanes] = converted[i];
        if (n == kLanes) {
          store(values + d, load(v + d));
        } else {
          convert(v + d, n, converted);
          for (int64_t i = 0; i < n; i++) values[d + i] = converted[i];
        }
      }
    }
  }
}

}  // namespace

void kv_append_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  if (call.out[0].dtype == DType::f16) {
    append<uint16_t>(call, begin, end);
  } else {
    append<float>(call, begin, end);
  }
}

}  // namespace qn
