#include <algorithm>
#include <atomic>
#include <cstdio>
#include <numeric>

#include "native/core/error.h"
#include "native/quant/gptq/column_walk.h"
#include "native/quant/gptq/damped_hessian.h"
#include "native/quant/gptq/layer.h"
#include "native/quant/gptq/loss.h"
#include "native/quant/gptq/refine.h"

namespace qn {
namespace {

// Adds up what the workers did; only the calling thread, worker 0, reports.
class Work {
 public:
  Work(double total, const SolveProgress& report) : total_(total), report_(report) {}
  void add(double work, int worker) {
    const int64_t steps = static_cast<int64_t>(work);
    const double done = static_cast<double>(done_.fetch_add(steps) + steps);
    if (worker == 0) report_(std::min(done, total_), total_);
  }
  void finish() { report_(total_, total_); }
  WorkDone counter() {
    return [this](double work, int worker) { add(work, worker); };
  }

 private:
  std::atomic<int64_t> done_{0};
  const double total_;
  const SolveProgress& report_;
};

QuantizedRows round_to_nearest(const Layer& layer, const float* diagonal, const Execution& run) {
  const int64_t groups = layer.groups(), size = layer.group < 0 ? layer.cols : layer.group;
  QuantizedRows out{std::vector<uint8_t>(static_cast<size_t>(layer.rows * layer.cols)),
                    std::vector<Grid>(static_cast<size_t>(layer.rows * groups)),
                    std::vector<int32_t>(static_cast<size_t>(layer.cols)), groups};
  for (int64_t k = 0; k < layer.cols; ++k)
    out.group_index[static_cast<size_t>(k)] = static_cast<int32_t>(k / size);
  run.pool.run(
      layer.rows, 16,
      [&](int64_t first, int64_t last, int) {
        for (int64_t row = first; row < last; ++row) {
          const RowName name{"weights", row};
          check_finite(layer.weights + row * layer.cols, layer.cols, name);
          for (int64_t g = 0; g < groups; ++g) {
            const int64_t begin = g * size, n = std::min(size, layer.cols - begin);
            const float* w = layer.weights + row * layer.cols + begin;
            const Grid grid = find_grid(w, n, layer.grid, diagonal + begin);
            check_scale(grid, w, n, layer.grid.bits, name, begin);
            round_to_grid(w, n, grid, layer.grid.max_code(), out.codes.data() + row * layer.cols + begin);
            out.grids[static_cast<size_t>(row * groups + g)] = grid;
          }
        }
      },
      run.stop);
  return out;
}

// Refining lowers the damped loss; a row whose plain loss rose by that stays as it was.
void keep_better_rows(const Layer& layer, const std::vector<double>& refined_losses,
                      const QuantizedRows& refined, std::vector<double>& losses, QuantizedRows& rows) {
  for (int64_t row = 0; row < layer.rows; ++row) {
    if (!(refined_losses[static_cast<size_t>(row)] < losses[static_cast<size_t>(row)])) continue;
    losses[static_cast<size_t>(row)] = refined_losses[static_cast<size_t>(row)];
    std::copy_n(refined.codes.begin() + row * layer.cols, layer.cols, rows.codes.begin() + row * layer.cols);
    std::copy_n(refined.grids.begin() + row * rows.groups, rows.groups,
                rows.grids.begin() + row * rows.groups);
  }
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

Solution solve_layer(const Layer& layer, const Execution& run, const SolveProgress& progress) {
  const std::vector<float> diagonal = checked_diagonal(layer.hessian, layer.cols, run);
  const Order kind = layer.method == Method::rtn ? Order::none : layer.order;
  const ColumnOrder order = order_columns(kind, diagonal.data(), layer.cols, layer.group);

  const double n = static_cast<double>(layer.cols), walk = static_cast<double>(layer.rows) * n * n / 2;
  const double factor = n * n * n / 3;
  const double refining = (2 * layer.sweeps + (layer.refit ? 3 * (layer.sweeps + 1) : 0)) * walk;
  Work work(layer.method == Method::rtn ? walk : factor + (refining > 0 ? 3 : 2) * walk + refining, progress);

  Solution solution{round_to_nearest(layer, diagonal.data(), run), 0, 0, 0, 0, ""};
  solution.dead_columns = std::count(diagonal.begin(), diagonal.end(), 0.0f);
  if (layer.method == Method::rtn) {
    const RowPanels hessian = hessian_panels(layer.hessian, layer.cols, order, {0, false}, run);
    solution.loss = sum_of(row_losses(layer, order, hessian, solution.rows, run, work.counter()));
    solution.rtn_loss = solution.loss;
    work.finish();
    return solution;
  }

  Walk walked;
  double term = 0;
  {
    const DampedInverse inverse = damped_inverse(layer.hessian, layer.cols, layer.damp, order, diagonal, run);
    solution.damp = inverse.damp;
    term = inverse.term;
    work.add(factor, 0);
    walked = walk_columns(layer, order, inverse, run, work.counter());
  }
  const RowPanels hessian = hessian_panels(layer.hessian, layer.cols, order, {0, false}, run);
  solution.rtn_loss = sum_of(row_losses(layer, order, hessian, solution.rows, run, work.counter()));
  if (layer.sweeps > 0 || layer.refit) {
    QuantizedRows refined = walked.rows;
    refine(layer, order, hessian_panels(layer.hessian, layer.cols, order, {term, false}, run), refined, run,
           work.counter());
    keep_better_rows(layer, row_losses(layer, order, hessian, refined, run, work.counter()), refined,
                     walked.losses, walked.rows);
  }
  solution.loss = sum_of(walked.losses);
  if (solution.loss > solution.rtn_loss) {
    solution.fallback = "the loss of GPTQ, " + short_number(solution.loss) +
                        ", is above round-to-nearest's " + short_number(solution.rtn_loss);
    solution.loss = solution.rtn_loss;
  } else {
    solution.rows = std::move(walked.rows);
  }
  work.finish();
  return solution;
}

}  // namespace qn
