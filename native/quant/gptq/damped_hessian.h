// A layer's Hessian, checked, and the factor of its inverse.
#pragma once

#include <vector>

#include "native/quant/gptq/column_order.h"

namespace qn {

// The diagonal [cols]. Throws Error naming an element of the Hessian that is NaN or infinite, or a negative
// one on the diagonal.
std::vector<float> checked_diagonal(const float* hessian, int64_t cols, const Execution& run);

// With 1 for dead columns, as GPTQ sets them.
double mean_diagonal(const std::vector<float>& diagonal);

struct DampedInverse {
  RowPanels factor;  // V with H^-1 = V V^T, in the order of the columns
  double damp;       // what was added to the diagonal, as a part of its mean
  double term;       // the same, as it was added
};

// With `damp`, and more until the matrix is positive definite: twice as much each time, at least 0.01. Dead
// columns get a 1 on the diagonal. Throws Error when no damping helps.
DampedInverse damped_inverse(const float* hessian, int64_t cols, double damp, const ColumnOrder& order,
                             const std::vector<float>& diagonal, const Execution& run);

}  // namespace qn
