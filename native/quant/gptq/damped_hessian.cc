#include "native/quant/gptq/damped_hessian.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "native/core/error.h"
#include "native/linalg/cholesky.h"

namespace qn {
namespace {

constexpr double kLeastDampStep = 0.01;
constexpr double kMostDamp = 1e6;

}  // namespace

std::vector<float> checked_diagonal(const float* hessian, int64_t cols, const Execution& run) {
  run.pool.run(
      cols, 64,
      [&](int64_t begin, int64_t end, int) {
        for (int64_t i = begin; i < end; ++i) {
          const float* row = hessian + i * cols;
          // A sum with an infinity or a NaN is one.
          float sum = 0;
          for (int64_t k = 0; k < cols; ++k) sum += row[k] * 0.0f;
          if (sum == 0) continue;
          const float* bad = std::find_if(row, row + cols, [](float x) { return !std::isfinite(x); });
          throw Error("hessian [" + std::to_string(i) + ", " + std::to_string(bad - row) +
                      "]: expected a finite number, found " + (std::isnan(*bad) ? "NaN" : "infinity"));
        }
      },
      run.stop);
  std::vector<float> diagonal(static_cast<size_t>(cols));
  for (int64_t i = 0; i < cols; ++i) {
    const float element = hessian[i * cols + i];
    if (element < 0) {
      throw Error("hessian [" + std::to_string(i) + ", " + std::to_string(i) +
                  "]: expected no negative number on the diagonal, found " + std::to_string(element));
    }
    diagonal[static_cast<size_t>(i)] = element;
  }
  return diagonal;
}

double mean_diagonal(const std::vector<float>& diagonal) {
  double sum = 0;
  for (const float element : diagonal) sum += element == 0 ? 1.0 : element;
  return sum / static_cast<double>(diagonal.size());
}

DampedInverse damped_inverse(const float* hessian, int64_t cols, double damp, const ColumnOrder& order,
                             const std::vector<float>& diagonal, const Execution& run) {
  const double mean = mean_diagonal(diagonal);
  for (; damp < kMostDamp; damp = std::max(2 * damp, kLeastDampStep)) {
    RowPanels factor = inverse_factor(hessian_panels(hessian, cols, order, {damp * mean, true}, run), run);
    if (factor.size() > 0) return {std::move(factor), damp, damp * mean};
  }
  throw Error("hessian: expected a positive semidefinite matrix, found one that no damping makes definite");
}

}  // namespace qn
