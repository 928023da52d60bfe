// The loss tr((W - Q) H (W - Q)^T) in float64.
#pragma once

#include <vector>

#include "native/quant/gptq/column_walk.h"

namespace qn {

// Of each row. `hessian` is plain, in the order of `order`; the sums are the same for every number of
// threads.
std::vector<double> row_losses(const Layer& layer, const ColumnOrder& order, const RowPanels& hessian,
                               const QuantizedRows& quantized, const Execution& run, const WorkDone& done);

// The errors W - Q of `rows` rows from `first_row`, in panels [positions][8] of `out`; 0 in padding. Dead
// columns should be 0.
void load_errors(const Layer& layer, const ColumnOrder& order, const QuantizedRows& quantized,
                 int64_t first_row, int64_t rows, const RowPanels& out);

}  // namespace qn
