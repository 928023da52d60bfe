// NF4, the 4-bit codebook of QLoRA (Dettmers et al. 2023, arXiv 2305.14314, section 3) as bitsandbytes has
// it: 16 values in [-1, 1], quantiles of a normal distribution, so that normally distributed weights use
// every code equally often. A block of consecutive columns of a row shares its absmax, max|w|:
//   code = the place of the table's value nearest to w / absmax,  value = absmax * table[code]
//
// Double quantization (the same section): a matrix's absmax values, less their mean, are themselves 8-bit
// codes, in blocks of 256 in row-major order:
//   absmax = nested_absmax[block] * map[code] + mean
// with the map of 256 values of "dynamic" 8-bit floats (Dettmers 2015, arXiv 1511.04561, section 1.2.4):
// a sign, a decimal exponent told by leading zeros, and the rest a linear fraction.
#pragma once

#include <cstdint>
#include <span>

namespace qn {

inline constexpr int kNf4Values = 16;
inline constexpr int64_t kNf4Block = 64;
inline constexpr int64_t kAbsmaxBlock = 256;

// Ascending, from -1 to 1; place 7 is 0.
std::span<const float, kNf4Values> nf4_table();

// Ascending.
std::span<const float, 256> dynamic_map();

// codes [cols], absmax [ceil(cols / 64)] of a row of finite values. A block that ends with the row is
// shorter.
void quantize_nf4_row(const float* row, int64_t cols, uint8_t* codes, float* absmax);

// Replaces a matrix's absmax values by what double quantization makes of them.
void double_quantize(std::span<float> absmax);

// Bits a weight of a [rows, cols] matrix as a file would hold it: codes, 8 bits a block, and float32 nested
// absmax values and mean.
double nf4_bits_per_weight(int64_t rows, int64_t cols);

}  // namespace qn
