#include "native/quant/gptq/column_walk.h"

#include <algorithm>
#include <memory>

#include "native/quant/gptq/lane_grids.h"

namespace qn {
namespace {

// Rows that one thread walks together: V is read from the cache that often.
constexpr int64_t kWalkPanels = 6;

// The walk of one thread over a few panels of rows. A panel is [positions][8]: the weights that are still to
// come, compensated for the columns before them, and the scaled errors (w - q) / V[j][j] of those that are
// done.
class TileWalk {
 public:
  TileWalk(const Layer& layer, const ColumnOrder& order, const DampedInverse& inverse, ProductKernel* kernel,
           Walk& out)
      : layer_(layer),
        order_(order),
        term_(inverse.term),
        inverse_(inverse.factor),
        kernel_(kernel),
        out_(out),
        tile_(kWalkPanels * kRowPanel, order.positions()),
        grids_(kWalkPanels) {}

  void run(int64_t first_row, int64_t rows) {
    first_row_ = first_row;
    rows_ = rows;
    const PanelRange tile{tile_.data(), tile_.panel_size(), (rows + kRowPanel - 1) / kRowPanel};
    load_weights(tile);
    for (const ColumnGroup& group : order_.groups) {
      subtract_product(kernel_, tile, inverse_, tile, group.begin, group.end, 0, group.begin);
      find_grids(group);
      for (int64_t block = group.begin; block < group.end; block += kProductColumns) {
        const int64_t block_end = std::min(block + kProductColumns, group.end);
        subtract_product(kernel_, tile, inverse_, tile, block, block_end, group.begin, block);
        for (int64_t j = block; j < block_end; j += kRowPanel) {
          subtract_product(kernel_, tile, inverse_, tile, j, j + kRowPanel, block, j);
          for (int64_t p = 0; p < tile.panels; ++p) round_columns(p, j);
        }
      }
    }
    for (int64_t p = 0; p < tile.panels; ++p) add_up_losses(p);
  }

 private:
  void load_weights(const PanelRange& tile) {
    std::fill_n(tile.data, tile.panels * tile.stride, 0.0);
    for (int64_t r = 0; r < rows_; ++r) {
      const float* row = layer_.weights + (first_row_ + r) * layer_.cols;
      double* to = tile_.panel(r / kRowPanel) + r % kRowPanel;
      for (int64_t k = 0; k < order_.positions(); ++k) {
        const int32_t column = order_.columns[static_cast<size_t>(k)];
        if (column >= 0 && order_.importance[static_cast<size_t>(k)] > 0) to[k * kRowPanel] = row[column];
      }
    }
  }

  void find_grids(const ColumnGroup& group) {
    group_.resize(static_cast<size_t>(group.columns));
    for (int64_t r = 0; r < rows_; ++r) {
      const double* from = tile_.panel(r / kRowPanel) + group.begin * kRowPanel + r % kRowPanel;
      for (int64_t i = 0; i < group.columns; ++i)
        group_[static_cast<size_t>(i)] = static_cast<float>(from[i * kRowPanel]);
      Grid grid =
          find_grid(group_.data(), group.columns, layer_.grid, order_.importance.data() + group.begin);
      grid.scale = std::min(grid.scale, kFloat16Max);
      grid.base = std::clamp(grid.base, -kFloat16Max, kFloat16Max);
      grids_[static_cast<size_t>(r / kRowPanel)].set(r % kRowPanel, grid, layer_.grid.max_code());
      out_.rows.grids[static_cast<size_t>((first_row_ + r) * out_.rows.groups + group.group)] = grid;
    }
  }

  // Rounds columns j to j + 7 of a panel, which are compensated for all columns before j.
  void round_columns(int64_t panel, int64_t j) {
    const LaneGrids& grids = grids_[static_cast<size_t>(panel)];
    double* columns = tile_.panel(panel) + j * kRowPanel;
    const double* inverse = inverse_.panel(j / kRowPanel) + j * kRowPanel;  // (m, i) at [8 i + m]
    int32_t codes[kRowPanel][kRowPanel];
    for (int64_t i = 0; i < kRowPanel; ++i) {
      double* w = columns + i * kRowPanel;
      const double scaling = 1 / inverse[i * kRowPanel + i];
      for (int64_t lane = 0; lane < kRowPanel; ++lane) {
        const double level = grids.level(lane, w[lane]);
        codes[i][lane] = grids.code(lane, level);
        w[lane] = (w[lane] - grids.value(lane, level)) * scaling;
      }
      for (int64_t m = i + 1; m < kRowPanel; ++m) {
        for (int64_t lane = 0; lane < kRowPanel; ++lane) {
          columns[m * kRowPanel + lane] -= w[lane] * inverse[i * kRowPanel + m];
        }
      }
    }
    const int64_t lanes = std::min(kRowPanel, rows_ - panel * kRowPanel);
    for (int64_t i = 0; i < kRowPanel; ++i) {
      const int32_t column = order_.columns[static_cast<size_t>(j + i)];
      if (column < 0) continue;
      uint8_t* to = out_.rows.codes.data() + (first_row_ + panel * kRowPanel) * layer_.cols + column;
      for (int64_t lane = 0; lane < lanes; ++lane)
        to[lane * layer_.cols] = static_cast<uint8_t>(codes[i][lane]);
    }
  }

  // The squares of the scaled errors add up to the damped loss, since H^-1 = V V^T: what damping adds, its
  // term times the squares of what rounding changed in all, is taken away again.
  void add_up_losses(int64_t panel) {
    const int64_t first = first_row_ + panel * kRowPanel,
                  lanes = std::min(kRowPanel, first_row_ + rows_ - first);
    const double* errors = tile_.panel(panel);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const float* weights = layer_.weights + (first + lane) * layer_.cols;
      double damped = 0, changed = 0;
      for (int64_t k = 0; k < order_.positions(); ++k) {
        if (!(order_.importance[static_cast<size_t>(k)] > 0)) continue;  // no input, or no column
        const int32_t column = order_.columns[static_cast<size_t>(k)];
        const double error = errors[k * kRowPanel + lane];
        const double change =
            static_cast<double>(weights[column]) - static_cast<double>(out_.rows.value(first + lane, column));
        damped += error * error;
        changed += change * change;
      }
      // What is left may be nothing but rounding.
      out_.losses[static_cast<size_t>(first + lane)] = std::max(damped - term_ * changed, 0.0);
    }
  }

  const Layer& layer_;
  const ColumnOrder& order_;
  const double term_;
  const RowPanels& inverse_;
  ProductKernel* kernel_;
  Walk& out_;
  int64_t first_row_ = 0, rows_ = 0;
  RowPanels tile_;
  std::vector<LaneGrids> grids_;  // [panels]
  std::vector<float> group_;
};

}  // namespace

Walk walk_columns(const Layer& layer, const ColumnOrder& order, const DampedInverse& inverse,
                  const Execution& run, const WorkDone& done) {
  Walk out{{std::vector<uint8_t>(static_cast<size_t>(layer.rows * layer.cols)),
            std::vector<Grid>(static_cast<size_t>(layer.rows * layer.groups())), order.group_index,
            layer.groups()},
           std::vector<double>(static_cast<size_t>(layer.rows))};
  const double n = static_cast<double>(order.positions());
  std::vector<std::unique_ptr<TileWalk>> walks(static_cast<size_t>(run.pool.threads()));
  run.pool.run(
      layer.rows, kWalkPanels * kRowPanel,
      [&](int64_t begin, int64_t end, int worker) {
        std::unique_ptr<TileWalk>& walk = walks[static_cast<size_t>(worker)];
        if (!walk) walk = std::make_unique<TileWalk>(layer, order, inverse, run.kernel, out);
        walk->run(begin, end - begin);
        done(static_cast<double>(end - begin) * n * n / 2, worker);
      },
      run.stop);
  return out;
}

}  // namespace qn
