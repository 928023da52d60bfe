// Walsh-Hadamard transforms of a matrix, block by block: orthogonal rotations that spread outliers, and their
// own inverse (QuaRot, arXiv 2404.00456).
#pragma once

#include <cstdint>

namespace qn {

// columns: each row is multiplied from the right by the block-diagonal matrix of H / sqrt(block), which mixes
// every
//          `block` neighbouring columns; rows: each column from the left, which mixes rows.
enum class HadamardSide : uint8_t { rows, columns };

// H is Sylvester's matrix, H[i][j] = (-1)^popcount(i & j). `block` is a power of two that divides the rows or
// columns. Sums in float64, rounded once. from and to [rows, cols] may be the same.
void hadamard(const float* from, int64_t rows, int64_t cols, int64_t block, HadamardSide side, float* to);

}  // namespace qn
