#include <algorithm>
#include <cmath>

#include "native/kernels/gram/gram.h"

namespace qn {

// An item is one row of the state.
void gram_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t tokens = call.in[0].dim[0], rows = call.in[2].dim[0], cols = call.in[2].dim[1];
  const float* a = static_cast<const float*>(call.in[0].data);
  const float* b = static_cast<const float*>(call.in[1].data);
  float* state = static_cast<float*>(call.out[0].data);
  const bool symmetric = gram_is_symmetric(call);
  for (int64_t m = begin; m < end; ++m) {
    for (int64_t k = symmetric ? m : 0; k < cols; ++k) {
      float& sum = state[m * cols + k];
      for (int64_t first = 0; first < tokens; first += kGramBlockTokens) {
        float acc = 0;
        for (int64_t t = first; t < std::min(first + kGramBlockTokens, tokens); ++t) {
          acc = std::fma(a[t * rows + m], b[t * cols + k], acc);
        }
        sum += acc;
      }
      if (symmetric) state[k * cols + m] = sum;
    }
  }
}

}  // namespace qn
