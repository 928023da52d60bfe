// rmsnorm: y[t, i] = x[t, i] * r * gain[i], r = 1 / sqrt(mean of x[t]^2 + epsilon). Zhang and Sennrich 2019,
// "Root Mean Square Layer Normalization"; Hugging Face's LlamaRMSNorm.
//
// The sum of squares goes by 16 lanes (native/core/float_math.h), each square fused into its lane's sum; r is
// one float; y = (x * r) * gain, rounded after each product.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& rmsnorm_op();

void rmsnorm_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void rmsnorm_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
