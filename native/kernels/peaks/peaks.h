// peaks: the cells (y * W + x) of the best K peaks of a heatmap, the best score first; -1 where there are
// fewer. native/detection/peaks.h states what a peak is: with the attribute `epsilon` by PeakTest::epsilon.
//
// One kernel, on one thread: few cells are compared with their neighbours.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& peaks_op();

// Attributes.
inline constexpr int kPeaksEpsilon = 0;

void peaks_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
