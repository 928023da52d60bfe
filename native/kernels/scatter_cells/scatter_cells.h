// scatter_cells: an image with rows of channels at given cells (y * W + x) and `fill` elsewhere. A cell of -1
// is none; cells that are given twice have equal rows.
//
// One kernel, on one thread: the rows are few.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& scatter_cells_op();

// Attributes.
inline constexpr int kScatterFill = 0;

void scatter_cells_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
