#include "native/quant/gptq/loss.h"

#include <algorithm>

namespace qn {
namespace {

constexpr int64_t kLossPanels = 6;

// Adds e_j (2 sum over k < j of H[j][k] e_k + ...) block of columns by block: what lies left of a block's
// square counts twice, for its mirror image above the diagonal.
void add_losses(const PanelRange& errors, const PanelRange& products, const RowPanels& hessian,
                ProductKernel* kernel, double* losses) {
  const int64_t n = hessian.cols();
  std::fill_n(products.data, products.panels * products.stride, 0.0);
  for (int64_t begin = 0; begin < n; begin += kProductColumns) {
    const int64_t end = std::min(begin + kProductColumns, n);
    subtract_product(kernel, errors, hessian, products, begin, end, 0, begin);
    for (int64_t p = 0; p < products.panels; ++p) {
      double* block = products.data + p * products.stride + begin * kRowPanel;
      for (int64_t i = 0; i < (end - begin) * kRowPanel; ++i) block[i] *= 2;
    }
    subtract_product(kernel, errors, hessian, products, begin, end, begin, end);
  }
  for (int64_t p = 0; p < products.panels; ++p) {
    const double* e = errors.data + p * errors.stride;
    const double* product = products.data + p * products.stride;
    double sum[kRowPanel] = {};
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t lane = 0; lane < kRowPanel; ++lane)
        sum[lane] -= e[k * kRowPanel + lane] * product[k * kRowPanel + lane];
    }
    std::copy_n(sum, kRowPanel, losses + p * kRowPanel);
  }
}

}  // namespace

void load_errors(const Layer& layer, const ColumnOrder& order, const QuantizedRows& quantized,
                 int64_t first_row, int64_t rows, const RowPanels& out) {
  const int64_t n = order.positions();
  std::fill_n(out.data(), (rows + kRowPanel - 1) / kRowPanel * out.panel_size(), 0.0);
  for (int64_t r = 0; r < rows; ++r) {
    const float* weights = layer.weights + (first_row + r) * layer.cols;
    double* to = out.panel(r / kRowPanel) + r % kRowPanel;
    for (int64_t k = 0; k < n; ++k) {
      const int32_t column = order.columns[static_cast<size_t>(k)];
      if (column < 0) continue;
      const double value = quantized.value(first_row + r, column);
      const double target = order.importance[static_cast<size_t>(k)] > 0 ? weights[column] : 0;
      to[k * kRowPanel] = target - value;
    }
  }
}

std::vector<double> row_losses(const Layer& layer, const ColumnOrder& order, const RowPanels& hessian,
                               const QuantizedRows& quantized, const Execution& run, const WorkDone& done) {
  const int64_t n = order.positions(), padded = (layer.rows + kRowPanel - 1) / kRowPanel * kRowPanel;
  std::vector<double> losses(static_cast<size_t>(padded));
  struct Scratch {
    RowPanels errors, products;
  };
  std::vector<Scratch> scratch(static_cast<size_t>(run.pool.threads()));
  run.pool.run(
      layer.rows, kLossPanels * kRowPanel,
      [&](int64_t begin, int64_t end, int worker) {
        const int64_t panels = (end - begin + kRowPanel - 1) / kRowPanel;
        auto& [errors, products] = scratch[static_cast<size_t>(worker)];
        if (errors.size() == 0) {
          errors = RowPanels(kLossPanels * kRowPanel, n);
          products = RowPanels(kLossPanels * kRowPanel, n);
        }
        load_errors(layer, order, quantized, begin, end - begin, errors);
        add_losses({errors.data(), errors.panel_size(), panels},
                   {products.data(), products.panel_size(), panels}, hessian, run.kernel,
                   losses.data() + begin);
        done(static_cast<double>(end - begin) * static_cast<double>(n * n) / 2, worker);
      },
      run.stop);
  losses.resize(static_cast<size_t>(layer.rows));
  return losses;
}

}  // namespace qn
