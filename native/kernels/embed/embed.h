// embed: y[t, d] = value of row ids[t], column d of a weight matrix in panels of any format (see Weight in
// call.h).
//
// Codes become scale * code + offset, rounded once (a fused multiply-add), or scale * table[code]: the values
// that linear multiplies with when the output head is tied to the embeddings, and the same bits on every ISA.
// ids outside [0, V) are refused before a run.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& embed_op();

// An item is one token.
void embed_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

#if defined(QN_X86)
// One more ISA would gain nothing: a row's codes lie 4 bytes in every 64, so loads bound it.
void embed_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
