#include "native/core/weight_value.h"
#include "native/kernels/embed/embed.h"

namespace qn {

void embed_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int32_t* ids = static_cast<const int32_t*>(call.in[0].data);
  const Weight& w = *call.in[1].weight;
  float* out = static_cast<float*>(call.out[0].data);
  for (int64_t t = begin; t < end; ++t) {
    for (int64_t k = 0; k < w.cols; ++k) out[t * w.cols + k] = value_at(w, ids[t], k);
  }
}

}  // namespace qn
