#include "native/quant/gptq/correct_target.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "native/core/error.h"
#include "native/quant/gptq/damped_hessian.h"

namespace qn {
namespace {

constexpr int64_t kTilePanels = 6;

void check_matrix(const float* values, int64_t rows, int64_t cols, const char* name) {
  const float* bad = std::find_if(values, values + rows * cols, [](float x) { return !std::isfinite(x); });
  if (bad == values + rows * cols) return;
  const int64_t i = bad - values;
  throw Error(std::string(name) + " [" + std::to_string(i / cols) + ", " + std::to_string(i % cols) +
              "]: expected a finite number, found " + (std::isnan(*bad) ? "NaN" : "infinity"));
}

// -H^-1 from its factor.
RowPanels negative_inverse(const RowPanels& factor, const Execution& run) {
  const int64_t n = factor.rows();
  RowPanels inverse(n, n);
  run.pool.run(
      inverse.panels(), kTilePanels,
      [&](int64_t from, int64_t to, int) {
        const PanelRange rows{factor.panel(from), factor.panel_size(), to - from};
        const PanelRange out{inverse.panel(from), inverse.panel_size(), to - from};
        std::fill_n(out.data, out.panels * out.stride, 0.0);
        subtract_product(run.kernel, rows, factor, out, 0, n, 0, to * kRowPanel);
      },
      run.stop);
  return inverse;
}

// -alpha C^T, padded.
RowPanels negative_cross(const TargetCorrection& correction, int64_t positions, const Execution& run) {
  RowPanels panels(positions, positions);
  run.pool.run(
      panels.panels(), 1,
      [&](int64_t from, int64_t to, int) {
        for (int64_t p = from; p < to; ++p) {
          double* panel = panels.panel(p);
          std::fill_n(panel, panels.panel_size(), 0.0);
          const int64_t lanes = std::min(kRowPanel, correction.cols - p * kRowPanel);
          for (int64_t k = 0; k < correction.cols; ++k) {
            const float* row = correction.cross + k * correction.cols + p * kRowPanel;
            for (int64_t lane = 0; lane < lanes; ++lane)
              panel[k * kRowPanel + lane] = -correction.alpha * row[lane];
          }
        }
      },
      run.stop);
  return panels;
}

void load_rows(const float* values, double factor, int64_t cols, int64_t first, int64_t rows,
               const RowPanels& out) {
  std::fill_n(out.data(), out.size(), 0.0);
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = values + (first + r) * cols;
    double* to = out.panel(r / kRowPanel) + r % kRowPanel;
    for (int64_t k = 0; k < cols; ++k) to[k * kRowPanel] = factor * from[k];
  }
}

}  // namespace

std::vector<float> correct_target(const TargetCorrection& correction, const Execution& run) {
  const int64_t rows = correction.rows, cols = correction.cols;
  check_matrix(correction.weights, rows, cols, "weights");
  if (correction.cross) check_matrix(correction.cross, cols, cols, "cross");
  if (correction.residual) check_matrix(correction.residual, rows, cols, "residual");
  const std::vector<float> diagonal = checked_diagonal(correction.hessian, cols, run);
  const ColumnOrder order = order_columns(Order::none, diagonal.data(), cols, -1);
  const int64_t n = order.positions();
  const RowPanels inverse = negative_inverse(
      damped_inverse(correction.hessian, cols, correction.damp, order, diagonal, run).factor, run);
  const RowPanels cross = correction.cross ? negative_cross(correction, n, run) : RowPanels();

  std::vector<float> out(static_cast<size_t>(rows * cols));
  run.pool.run(
      rows, kTilePanels * kRowPanel,
      [&](int64_t begin, int64_t end, int) {
        const int64_t panels = (end - begin + kRowPanel - 1) / kRowPanel;
        const RowPanels weights(panels * kRowPanel, n), change(panels * kRowPanel, n);
        const auto range = [&](const RowPanels& of) {
          return PanelRange{of.data(), of.panel_size(), panels};
        };
        load_rows(correction.weights, 1, cols, begin, end - begin, weights);
        const bool residual = correction.residual != nullptr;
        load_rows(residual ? correction.residual : correction.weights, residual ? correction.beta : 0, cols,
                  begin, end - begin, change);
        if (correction.cross) subtract_product(run.kernel, range(weights), cross, range(change), 0, n, 0, n);
        subtract_product(run.kernel, range(change), inverse, range(weights), 0, n, 0, n);
        for (int64_t r = 0; r < end - begin; ++r) {
          const double* from = weights.panel(r / kRowPanel) + r % kRowPanel;
          for (int64_t k = 0; k < cols; ++k)
            out[static_cast<size_t>((begin + r) * cols + k)] = static_cast<float>(from[k * kRowPanel]);
        }
      },
      run.stop);
  return out;
}

}  // namespace qn
