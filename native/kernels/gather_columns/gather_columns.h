// gather_columns: y[t][j] = x[t][columns[j]]. Brings a layer's input into the order in which its weights hold
// their columns, where act-order scattered the columns of a group (native/quant/coded_rows.h).
//
// One kernel: a load an element is what every instruction set needs, and beside the linear layer that reads
// the result it takes no time.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& gather_columns_op();

void gather_columns_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
