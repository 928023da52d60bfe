// rope: rotates the pairs (x[i], x[i + H]) of each head by the angle whose cosine and sine are given for the
// row, H being half a head. Su et al. 2021, "RoFormer", in the half-split order of Hugging Face's
// `apply_rotary_pos_emb`.
//   y[i]     = fma(-x[i + H], sin[i], x[i] * cos[i])
//   y[i + H] = fma( x[i],     sin[i], x[i + H] * cos[i])
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& rope_op();

void rope_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void rope_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
