#include "native/quant/gptq/refine.h"

#include <algorithm>
#include <memory>

#include "native/quant/gptq/grid_fit.h"
#include "native/quant/gptq/loss.h"
#include "native/quant/gptq/row_tile.h"

namespace qn {
namespace {

// One pass over the columns of a tile, each set to the code that is best given all others.
class Sweep {
 public:
  Sweep(const Layer& layer, const ColumnOrder& order, const RowPanels& hessian, ProductKernel* kernel,
        QuantizedRows& rows)
      : layer_(layer), order_(order), hessian_(hessian), kernel_(kernel), rows_(rows) {}

  void run(RowTile& tile) const {
    const PanelRange errors = tile.range(tile.errors), products = tile.range(tile.products);
    const PanelRange changes = tile.range(tile.work);
    std::fill_n(products.data, products.panels * products.stride, 0.0);
    for (const ColumnGroup& group : order_.groups) {
      LaneGrids grids[RowTile::kPanels];
      for (int64_t p = 0; p < tile.panels; ++p) load_grids(tile, p, group.group, grids[p]);
      for (int64_t block = group.begin; block < group.end; block += kProductColumns) {
        const int64_t block_end = std::min(block + kProductColumns, group.end);
        subtract_product(kernel_, errors, hessian_, products, block, block_end, 0, hessian_.cols());
        for (int64_t j = block; j < block_end; j += kRowPanel) {
          subtract_product(kernel_, changes, hessian_, products, j, j + kRowPanel, block, j);
          for (int64_t p = 0; p < tile.panels; ++p) choose_codes(tile, p, j, grids[p]);
        }
      }
    }
  }

 private:
  void load_grids(const RowTile& tile, int64_t panel, int32_t group, LaneGrids& grids) const {
    for (int64_t lane = 0; lane < kRowPanel; ++lane) {
      const int64_t row = tile.row(panel, std::min(lane, tile.lanes(panel) - 1));
      grids.set(lane, rows_.grids[static_cast<size_t>(row * rows_.groups + group)], layer_.grid.max_code());
    }
  }

  // Columns j to j + 7. With the gradient g = (W - Q) H of a column and h its diagonal element, the loss is
  // least where q rises by g / h; of the levels, the nearest to that is best.
  void choose_codes(RowTile& tile, int64_t panel, int64_t j, const LaneGrids& grids) const {
    const double* hessian = hessian_.panel(j / kRowPanel) + j * kRowPanel;  // (m, i) at [8 i + m]
    double* errors = tile.errors.panel(panel) + j * kRowPanel;
    double* products = tile.products.panel(panel) + j * kRowPanel;
    double* changes = tile.work.panel(panel) + j * kRowPanel;
    const int64_t lanes = tile.lanes(panel);
    for (int64_t i = 0; i < kRowPanel; ++i) {
      const int32_t column = order_.columns[static_cast<size_t>(j + i)];
      const double diagonal = hessian[i * kRowPanel + i];
      double* change = changes + i * kRowPanel;
      std::fill_n(change, kRowPanel, 0.0);
      if (column < 0 || !(diagonal > 0)) continue;
      const bool dead = !(order_.importance[static_cast<size_t>(j + i)] > 0);
      int codes[kRowPanel];
      double target[kRowPanel] = {};
      const float* weights = layer_.weights + tile.row(panel, 0) * layer_.cols + column;
      if (!dead) {
        for (int64_t lane = 0; lane < lanes; ++lane) target[lane] = weights[lane * layer_.cols];
      }
      for (int64_t lane = 0; lane < kRowPanel; ++lane) {
        const double error = errors[i * kRowPanel + lane];
        const double best = (target[lane] - error) - products[i * kRowPanel + lane] / diagonal;
        const double level = grids.level(lane, best);
        codes[lane] = grids.code(lane, level);
        const double next = target[lane] - grids.value(lane, level);
        change[lane] = lane < lanes ? next - error : 0;
        errors[i * kRowPanel + lane] = lane < lanes ? next : 0;
      }
      uint8_t* to = rows_.codes.data() + tile.row(panel, 0) * layer_.cols + column;
      for (int64_t lane = 0; lane < lanes; ++lane) to[lane * layer_.cols] = static_cast<uint8_t>(codes[lane]);
      for (int64_t m = i + 1; m < kRowPanel; ++m) {
        for (int64_t lane = 0; lane < kRowPanel; ++lane)
          products[m * kRowPanel + lane] -= change[lane] * hessian[i * kRowPanel + m];
      }
    }
  }

  const Layer& layer_;
  const ColumnOrder& order_;
  const RowPanels& hessian_;
  ProductKernel* kernel_;
  QuantizedRows& rows_;
};

}  // namespace

void refine(const Layer& layer, const ColumnOrder& order, const RowPanels& hessian, QuantizedRows& rows,
            const Execution& run, const WorkDone& done) {
  const Sweep sweep(layer, order, hessian, run.kernel, rows);
  const GridFit fit(layer, order, hessian, run.kernel, rows);
  const double n = static_cast<double>(order.positions());
  std::vector<std::unique_ptr<RowTile>> tiles(static_cast<size_t>(run.pool.threads()));
  run.pool.run(
      layer.rows, RowTile::kPanels * kRowPanel,
      [&](int64_t begin, int64_t end, int worker) {
        std::unique_ptr<RowTile>& tile = tiles[static_cast<size_t>(worker)];
        if (!tile) tile = std::make_unique<RowTile>(order.positions());
        tile->first_row = begin;
        tile->rows = end - begin;
        tile->panels = (tile->rows + kRowPanel - 1) / kRowPanel;
        const double product = static_cast<double>(tile->rows) * n * n;
        for (int i = 0;; ++i) {
          load_errors(layer, order, rows, begin, tile->rows, tile->errors);
          if (layer.refit && fit.run(*tile)) load_errors(layer, order, rows, begin, tile->rows, tile->errors);
          if (layer.refit) done(1.5 * product, worker);
          if (i == layer.sweeps || (run.stop && *run.stop)) break;
          sweep.run(*tile);
          done(product, worker);
        }
      },
      run.stop);
}

}  // namespace qn
