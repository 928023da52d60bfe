// add: y = a + b, element by element: the residual connection.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& add_op();

// A work item is a run of this many elements.
inline constexpr int64_t kAddItem = 16384;

void add_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void add_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
