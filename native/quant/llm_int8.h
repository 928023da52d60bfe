// The weights of LLM.int8() (Dettmers et al. 2022, arXiv 2208.07339, section 3): vector-wise, symmetric. A
// row (an output) of weights w shares one scale:
//   absmax = max|w|,  code = round(w * 127 / absmax) from -127 to 127, halves to even,  value = code * absmax
//   / 127
// In panels the codes stand 128 higher, with the offset -128 * scale: value = fma(scale, code, offset),
// rounded once, since the offset is exact.
//
// The other half of the scheme, inputs of large magnitude kept out of the integers, is the ops' business:
// quantize_activations and add_outliers.
#pragma once

#include <cstdint>

namespace qn {

inline constexpr int kInt8Bias = 128;

// Of one row, whose scale is absmax / 127.
struct Int8Scale {
  float scale, offset;
};
Int8Scale int8_scale(float absmax);

// codes [cols] of a row of finite values, as panels hold them. Returns absmax.
float quantize_int8_row(const float* row, int64_t cols, uint8_t* codes);

// As a file would hold a matrix: codes, and a float32 absmax a row.
inline double llm_int8_bits_per_weight(int64_t cols) { return 8 + 32.0 / static_cast<double>(cols); }

}  // namespace qn
