// hadamard: each row of x [T, D] times the block-diagonal Walsh-Hadamard matrix
//   H[i][j] = (-1)^popcount(i & j) / sqrt(block)
// of the attribute `block`, a power of two that divides D. H is orthogonal and its own inverse: the rotation
// of a residual stream whose weights were folded with it (QuaRot, arXiv 2404.00456), and the way back.
//
// By butterflies over distances 1, 2, 4, ...: (a, b) -> (a + b, a - b), then one product with 1 / sqrt(block)
// rounded to float. The order is part of the contract, so that every kernel gives the same bits.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& hadamard_op();

void hadamard_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
