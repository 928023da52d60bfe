// The weights that a layer should be quantized towards when its inputs, those of the quantized model, differ
// from those of the float model: the least-squares match of the float layer's outputs, as GPTAQ (arXiv
// 2504.02692) and QEP (arXiv 2504.09629) have it, in closed form.
#pragma once

#include <cstdint>
#include <vector>

#include "native/linalg/product.h"

namespace qn {

// With x the quantized model's inputs, y the float model's, and d what the float model adds to a layer's
// output beyond what the quantized one does (its residual stream):
struct TargetCorrection {
  const float* weights;   // W [rows, cols]
  const float* hessian;   // H [cols, cols] = 2 / n sum x x^T
  const float* cross;     // C [cols, cols] = 2 / n sum (y - x) x^T; null: none
  const float* residual;  // D [rows, cols] = 2 / n sum d x^T; null: none
  int64_t rows, cols;
  double alpha, beta;  // how much of each is corrected: 0 nothing, 1 all
  double damp;         // of the mean diagonal; grows as in damped_inverse
};

// W + (alpha W C + beta D) (H + damp mean(diag H) I)^-1, [rows, cols], computed in float64. Throws Error
// naming an element that is NaN or infinite; Aborted.
std::vector<float> correct_target(const TargetCorrection& correction, const Execution& run);

}  // namespace qn
