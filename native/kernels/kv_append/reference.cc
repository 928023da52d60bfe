#include "native/core/float_math.h"
#include "native/kernels/kv_append/kv_append.h"

namespace qn {
namespace {

void put(float* p, float x) { *p = x; }
void put(uint16_t* p, float x) { *p = float_to_half(x); }

template <class Element>
void append(const Call& call, int64_t begin, int64_t end) {
  const int64_t cols = call.in[0].dim[1], heads = call.in[3].dim[1], head_dim = call.in[3].dim[2];
  const int32_t* slots = static_cast<const int32_t*>(call.in[2].data);
  Element* keys = static_cast<Element*>(call.out[0].data);
  Element* values = static_cast<Element*>(call.out[1].data);
  const int64_t tokens = call.in[0].dim[0];
  for (int64_t t = begin * kKvAppendItem; t < end * kKvAppendItem && t < tokens; t++) {
    const float* k = static_cast<const float*>(call.in[0].data) + t * cols;
    const float* v = static_cast<const float*>(call.in[1].data) + t * cols;
    const int64_t block = slots[t] / kLanes, lane = slots[t] % kLanes;
    for (int64_t h = 0; h < heads; h++) {
      for (int64_t d = 0; d < head_dim; d++) {
        const int64_t head = (block * heads + h) * head_dim * kLanes;
        put(keys + head + d * kLanes + lane, k[h * head_dim + d]);
        put(values + head + lane * head_dim + d, v[h * head_dim + d]);
      }
    }
  }
}

}  // namespace

void kv_append_reference(const Call& call, int64_t begin, int64_t end, void*) {
  if (call.out[0].dtype == DType::f16) {
    append<uint16_t>(call, begin, end);
  } else {
    append<float>(call, begin, end);
  }
}

}  // namespace qn
