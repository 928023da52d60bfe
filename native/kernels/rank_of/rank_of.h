// rank_of: 1 + the number of columns whose value is strictly greater than that of the selected column. A NaN
// anywhere in the row gives -1.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& rank_of_op();

void rank_of_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void rank_of_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void rank_of_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
