// argmax: the column of each row's greatest value; of several, the first. A NaN anywhere in the row gives -1.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& argmax_op();

void argmax_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void argmax_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void argmax_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
