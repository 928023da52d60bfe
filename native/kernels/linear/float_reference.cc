// The specification of linear with f32 activations: for a token and a row
//   acc = 0; for k = 0 .. K-1: acc = fma(x[k], value[k], acc)
// with value[k] the weight as float (a code is scale * code + offset, rounded once). One order of sums for
// every form and ISA costs nothing, since a vector lane is an output row: so all kernels give these bits, and
// a token's result does not depend on how many tokens are computed together. Against exact arithmetic on the
// values
//   |error| <= K * 2^-24 / (1 - K * 2^-24) * sum |x[k] * value[k]|      (Higham, Accuracy and Stability,
//   section 3.1)
#include <cmath>

#include "native/core/weight_value.h"
#include "native/kernels/linear/linear.h"

namespace qn {

// An item is one panel. The output holds the running sums, so that a value is decoded once for all tokens.
void linear_f32_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t tokens = call.in[0].dim[0];
  const float* x = static_cast<const float*>(call.in[0].data);
  const Weight& w = *call.in[1].weight;
  float* out = static_cast<float*>(call.out[0].data);
  for (int64_t row = begin * kPanelRows; row < end * kPanelRows && row < w.rows; ++row) {
    for (int64_t t = 0; t < tokens; ++t) out[t * w.rows + row] = 0;
    for (int64_t k = 0; k < w.cols; ++k) {
      const float value = value_at(w, row, k);
      for (int64_t t = 0; t < tokens; ++t) {
        float& acc = out[t * w.rows + row];
        acc = std::fma(x[t * w.cols + k], value, acc);
      }
    }
  }
}

}  // namespace qn
