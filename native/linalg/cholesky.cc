#include "native/linalg/cholesky.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace qn {
namespace {

// Panels that one thread solves together: their right-hand side is read from the cache that often.
constexpr int64_t kSolvePanels = 6;

// The lower factor of an 8 x 8 tile, element (i, j) at [8 j + i]; false at a pivot that is not above
// `least[j]`.
bool factor_tile(double* tile, const double* least) {
  for (int64_t j = 0; j < kRowPanel; ++j) {
    const double pivot = tile[8 * j + j];
    if (!(pivot > least[j])) return false;
    const double root = std::sqrt(pivot);
    tile[8 * j + j] = root;
    for (int64_t i = j + 1; i < kRowPanel; ++i) tile[8 * j + i] /= root;
    for (int64_t m = j + 1; m < kRowPanel; ++m) {
      for (int64_t i = m; i < kRowPanel; ++i) tile[8 * m + i] -= tile[8 * j + i] * tile[8 * j + m];
    }
  }
  return true;
}

// x L^T = x for the 8 columns [8][8] of a panel and the factor of a tile.
void solve_tile(double* x, const double* tile) {
  for (int64_t j = 0; j < kRowPanel; ++j) {
    for (int64_t i = 0; i < kRowPanel; ++i) x[8 * j + i] /= tile[8 * j + j];
    for (int64_t m = j + 1; m < kRowPanel; ++m) {
      for (int64_t i = 0; i < kRowPanel; ++i) x[8 * m + i] -= x[8 * j + i] * tile[8 * j + m];
    }
  }
}

// Solves x L^T = x in the columns [begin, end) of a run of panels from which the columns before `begin` have
// been subtracted.
void solve_block(ProductKernel* kernel, const PanelRange& x, const RowPanels& factor, int64_t begin,
                 int64_t end) {
  for (int64_t j = begin; j < end; j += kRowPanel) {
    subtract_product(kernel, x, factor, x, j, j + kRowPanel, begin, j);
    for (int64_t p = 0; p < x.panels; ++p) {
      solve_tile(x.data + p * x.stride + j * kRowPanel, factor.panel(j / kRowPanel) + j * kRowPanel);
    }
  }
}

PanelRange range_of(const RowPanels& matrix, int64_t begin, int64_t end) {
  return {matrix.panel(begin), matrix.panel_size(), end - begin};
}

bool factor_diagonal_block(ProductKernel* kernel, const RowPanels& a, int64_t begin, int64_t end,
                           const double* least) {
  for (int64_t j = begin; j < end; j += kRowPanel) {
    const int64_t panel = j / kRowPanel;
    subtract_product(kernel, range_of(a, panel, end / kRowPanel), a, range_of(a, panel, end / kRowPanel), j,
                     j + kRowPanel, begin, j);
    const double* tile = a.panel(panel) + j * kRowPanel;
    if (!factor_tile(a.panel(panel) + j * kRowPanel, least + j)) return false;
    for (int64_t p = panel + 1; p < end / kRowPanel; ++p) solve_tile(a.panel(p) + j * kRowPanel, tile);
  }
  return true;
}

// Reversing the order of rows and of columns reverses the memory of the panels.
void reverse(const RowPanels& matrix) { std::reverse(matrix.data(), matrix.data() + matrix.size()); }

}  // namespace

bool cholesky(const RowPanels& a, const Execution& run) {
  const int64_t n = a.rows();
  std::vector<double> least(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) {
    const double diagonal = a.panel(j / kRowPanel)[j * kRowPanel + j % kRowPanel];
    least[static_cast<size_t>(j)] = static_cast<double>(n) * 0x1p-52 * diagonal;
  }
  for (int64_t begin = 0; begin < n; begin += kProductColumns) {
    const int64_t end = std::min(begin + kProductColumns, n);
    const int64_t first = begin / kRowPanel, below = end / kRowPanel;
    run.pool.run(
        a.panels() - first, kProductPanels,
        [&](int64_t from, int64_t to, int) {
          const PanelRange rows = range_of(a, first + from, first + to);
          subtract_product(run.kernel, rows, a, rows, begin, end, 0, begin);
        },
        run.stop);
    if (!factor_diagonal_block(run.kernel, a, begin, end, least.data())) return false;
    run.pool.run(
        a.panels() - below, kProductPanels,
        [&](int64_t from, int64_t to, int) {
          solve_block(run.kernel, range_of(a, below + from, below + to), a, begin, end);
        },
        run.stop);
  }
  return true;
}

RowPanels inverse_transposed(const RowPanels& factor, const Execution& run) {
  const int64_t n = factor.rows();
  RowPanels inverse(n, n);
  // T L^T = I, and row i of T is zero before column i: each run of panels is a triangular solve of its own.
  run.pool.run(
      inverse.panels(), kSolvePanels,
      [&](int64_t from, int64_t to, int) {
        const PanelRange rows = range_of(inverse, from, to);
        std::fill_n(rows.data, rows.panels * rows.stride, 0.0);
        for (int64_t row = from * kRowPanel; row < to * kRowPanel; ++row) {
          inverse.panel(row / kRowPanel)[row * kRowPanel + row % kRowPanel] = 1;
        }
        const int64_t start = from * kRowPanel;
        for (int64_t begin = start; begin < n; begin += kProductColumns) {
          const int64_t end = std::min(begin + kProductColumns, n);
          subtract_product(run.kernel, rows, factor, rows, begin, end, start, begin);
          solve_block(run.kernel, rows, factor, begin, end);
        }
      },
      run.stop);
  return inverse;
}

RowPanels inverse_factor(RowPanels a, const Execution& run) {
  reverse(a);
  if (!cholesky(a, run)) return {};
  RowPanels inverse = inverse_transposed(a, run);
  reverse(inverse);
  return inverse;
}

}  // namespace qn
