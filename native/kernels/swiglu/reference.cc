#include "native/core/float_math.h"
#include "native/kernels/swiglu/swiglu.h"

namespace qn {

void swiglu_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t elements = call.in[0].dim[0] * call.in[0].dim[1];
  const float* gate = static_cast<const float*>(call.in[0].data);
  const float* up = static_cast<const float*>(call.in[1].data);
  float* y = static_cast<float*>(call.out[0].data);
  for (int64_t i = begin * kSwigluItem; i < end * kSwigluItem && i < elements; i++) {
    y[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
  }
}

}  // namespace qn
