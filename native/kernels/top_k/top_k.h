// top_k: the K greatest values of each row in descending order, and their columns; equal values in order of
// their columns. A NaN anywhere in the row gives K NaNs and K times -1.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& top_k_op();

void top_k_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void top_k_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
