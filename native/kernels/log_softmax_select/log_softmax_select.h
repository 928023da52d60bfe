// log_softmax_select: y[r] = ln softmax(x[r])[column[r]], in nats.
//
//   m = the row's greatest value
//   z = sum of exp(x - m): 16 lanes from zero over each block of kSumBlock columns, added to 16 lanes of
//   totals, then
//       the fixed tree (native/core/float_math.h)
//   y = (x[column] - m) - ln z, in double, rounded once
// A NaN or a positive infinity anywhere in the row gives NaN.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& log_softmax_select_op();

void log_softmax_select_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void log_softmax_select_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void log_softmax_select_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
