// GPTQ's walk over the columns (arXiv 2210.17323): each column is rounded, and its error is compensated by
// the columns that follow.
#pragma once

#include <functional>

#include "native/linalg/row_panels.h"
#include "native/quant/gptq/column_order.h"

namespace qn {

// Multiply-adds done by worker `worker` since its last call.
using WorkDone = std::function<void(double work, int worker)>;

// `inverse` is V with H^-1 = V V^T in the order of `order` (native/linalg/cholesky.h). The grid of a group is
// found on its compensated weights when the walk reaches it. Dead columns count as zeros.
QuantizedRows walk_columns(const Layer& layer, const ColumnOrder& order, const RowPanels& inverse,
                           const Execution& run, const WorkDone& done);

}  // namespace qn
