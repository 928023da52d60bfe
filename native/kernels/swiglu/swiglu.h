// swiglu: y = gate / (1 + exp(-gate)) * up, element by element. Shazeer 2020, "GLU Variants Improve
// Transformer", with SiLU as in Llama. exp is `exponential` of native/core/float_math.h.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& swiglu_op();

// A work item is a run of this many elements.
inline constexpr int64_t kSwigluItem = 2048;

void swiglu_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void swiglu_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void swiglu_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
