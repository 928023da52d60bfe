#include <algorithm>
#include <cmath>

#include "native/kernels/gram/gram.h"

namespace qn {
namespace {

// Adds x to the pair: what rounding takes from the sum goes into the error, whose own addition rounds.
void add_to(float& sum, float& error, float x) {
  const float s = sum + x;
  const float rest = s - sum;
  error += (sum - (s - rest)) + (x - rest);
  sum = s;
}

}  // namespace

// An item is one row of the state.
void gram_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t rows = call.in[0].dim[1], cols = call.in[1].dim[1], sequences = call.in[2].dim[0];
  const float* a = static_cast<const float*>(call.in[0].data);
  const float* b = static_cast<const float*>(call.in[1].data);
  float* sums = static_cast<float*>(call.out[0].data);
  float* errors = sums + rows * cols;
  const bool symmetric = gram_is_symmetric(call);
  for (int64_t m = begin; m < end; ++m) {
    for (int64_t k = symmetric ? m : 0; k < cols; ++k) {
      for (int64_t s = 0; s < sequences; ++s) {
        const Sequence sequence = sequence_at(call.in[2], s);
        const int64_t row_end = sequence.first_row + sequence.rows;
        for (int64_t first = sequence.first_row; first < row_end; first += kGramBlockTokens) {
          float acc = 0;
          for (int64_t t = first; t < std::min(first + kGramBlockTokens, row_end); ++t) {
            acc = std::fma(a[t * rows + m], b[t * cols + k], acc);
          }
          add_to(sums[m * cols + k], errors[m * cols + k], acc);
        }
      }
    }
  }
}

}  // namespace qn
