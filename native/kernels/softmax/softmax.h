// softmax over the last axis: y = e^(beta x - m) / sum e^(beta x - m), m the greatest beta x of the row.
//
// Sums go in 16 lanes by blocks of kSumBlock columns (native/core/float_math.h); e^x is `exponential`.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& softmax_op();

// Attributes.
inline constexpr int kSoftmaxBeta = 0;

void softmax_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void softmax_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void softmax_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
