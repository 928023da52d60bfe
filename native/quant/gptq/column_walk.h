// GPTQ's walk over the columns (arXiv 2210.17323): each column is rounded, and its error is compensated by
// the columns that follow.
#pragma once

#include <functional>

#include "native/quant/gptq/damped_hessian.h"

namespace qn {

// Multiply-adds done by worker `worker` since its last call.
using WorkDone = std::function<void(double work, int worker)>;

struct Walk {
  QuantizedRows rows;
  std::vector<double> losses;  // [rows], without damping, as row_losses (loss.h) has them
};

// The grid of a group is found on its compensated weights when the walk reaches it. Dead columns count as
// zeros.
Walk walk_columns(const Layer& layer, const ColumnOrder& order, const DampedInverse& inverse,
                  const Execution& run, const WorkDone& done);

}  // namespace qn
