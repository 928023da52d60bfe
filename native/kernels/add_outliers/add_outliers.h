// add_outliers: the part of a linear layer that LLM.int8() keeps out of the integers (Dettmers et al. 2022,
// arXiv 2208.07339, section 3.2): inputs of large magnitude, of which there are few, multiplied in float.
//
//   y       f32[T, N], from linear on what quantize_activations left of x with the same attribute `outlier`
//   x       f32[T, K]
//   weight  [N, K] of 8-bit codes with float32 scales and offsets (native/quant/llm_int8.h)
//   out     f32[T, N]
//
// For a token and a row, starting from y[t][n], with the columns of |x[t][k]| >= outlier in order:
//   out = fma(x[t][k], value[n][k], out)
// The paper takes a column out for all tokens of a batch as soon as one of them has an outlier there. Here
// every token has columns of its own, so that its result does not depend on its neighbours.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& add_outliers_op();

static inline bool is_outlier(float x, float outlier) { return x >= outlier || x <= -outlier; }

// A work item is a token.
void add_outliers_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
// Its scratch lists the columns of one token. A wider ISA would gain nothing: a column lies in one cache line
// a panel, and reading those is the work.
void add_outliers_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
