// What improves a quantized layer after GPTQ, row by row under the damped loss: sweeps of coordinate descent
// over the codes (QuantEase, arXiv 2309.01885) and least squares of the grids given the codes.
#pragma once

#include "native/quant/gptq/column_walk.h"

namespace qn {

// Runs layer.sweeps sweeps, each after a fit of the grids where layer.refit says so, and one more fit at the
// end. `hessian` is damped, in the order of `order`. Neither step raises a row's damped loss.
void refine(const Layer& layer, const ColumnOrder& order, const RowPanels& hessian, QuantizedRows& rows,
            const Execution& run, const WorkDone& done);

}  // namespace qn
