// Cholesky factors and what GPTQ makes of them, in float64, blocked and on a team of threads. Matrices are n
// x n in panels, n a multiple of 8: pad with rows and columns of the identity.
#pragma once

#include "native/linalg/product.h"

namespace qn {

// Replaces a symmetric positive definite matrix, of which the lower triangle is read, by its lower factor L
// with a = L L^T. What is above the diagonal afterwards is undefined. false: some pivot is not positive
// beyond rounding, that is, not above n 2^-52 times the diagonal element that it began as; `a` is then
// undefined.
bool cholesky(const RowPanels& a, const Execution& run);

// The inverse of a lower factor, transposed: the upper triangular T = L^-T, with zeros below the diagonal.
RowPanels inverse_transposed(const RowPanels& factor, const Execution& run);

// The lower factor V of the inverse, a^-1 = V V^T, zero above the diagonal: the transpose of what GPTQ calls
// Cholesky(H^-1) (arXiv 2210.17323, algorithm 1). It does not form the inverse: with the order of rows and
// columns reversed, a = L L^T, and V is L^-T reversed again. That is half of the operations, and more exact.
// `a` is consumed. An empty matrix when `a` is not positive definite.
RowPanels inverse_factor(RowPanels a, const Execution& run);

}  // namespace qn
