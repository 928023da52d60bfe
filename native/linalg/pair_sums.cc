#include "native/linalg/pair_sums.h"

#include <algorithm>

namespace qn {
namespace {

// Edge of the squares that are read together: half of a symmetric matrix is read by columns, whose cache
// lines are then used whole.
constexpr int64_t kEdge = 32;

double element(const PairSums& of, int64_t cols, int64_t row, int64_t col) {
  const int64_t at = of.upper && col < row ? col * cols + row : row * cols + col;
  return static_cast<double>(of.sums[at]) + static_cast<double>(of.errors[at]);
}

}  // namespace

void scale_sums(const PairSums& sums, const PairSums* minus, double factor, int64_t rows, int64_t cols,
                float* to) {
  for (int64_t row_begin = 0; row_begin < rows; row_begin += kEdge) {
    const int64_t row_end = std::min(row_begin + kEdge, rows);
    for (int64_t col_begin = 0; col_begin < cols; col_begin += kEdge) {
      const int64_t col_end = std::min(col_begin + kEdge, cols);
      for (int64_t row = row_begin; row < row_end; ++row) {
        for (int64_t col = col_begin; col < col_end; ++col) {
          double sum = element(sums, cols, row, col);
          if (minus) sum -= element(*minus, cols, row, col);
          to[row * cols + col] = static_cast<float>(sum * factor);
        }
      }
    }
  }
}

}  // namespace qn
