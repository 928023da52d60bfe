// Layout of one row (one token) of int8 activations, symmetric, one scale per block of `unit` columns:
//   int8 codes[padded]   padded = cols rounded up to a multiple of unit; codes beyond cols are 0
//   float scale[blocks]  x ~= scale * code, blocks = padded / unit
//   float sum[blocks]    scale * (sum of the block's codes), rounded once: multiplies a weight group's offset
// Rows start at multiples of 64 bytes.
#pragma once

#include "native/core/call.h"

namespace qn {

static inline int quantized_unit(DType t) {
  return t == DType::q8x16 ? 16 : t == DType::q8x32 ? 32 : t == DType::q8x64 ? 64 : 0;
}

static inline int64_t quantized_padded(int64_t cols, int unit) { return (cols + unit - 1) / unit * unit; }

static inline int64_t quantized_row_bytes(int64_t cols, int unit) {
  const int64_t padded = quantized_padded(cols, unit);
  return (padded + padded / unit * 8 + 63) / 64 * 64;
}

struct QuantizedRow {
  int8_t* codes;
  float* scale;
  float* sum;
};

static inline QuantizedRow quantized_row(const View& x, int64_t row) {
  const int unit = quantized_unit(x.dtype);
  const int64_t padded = quantized_padded(x.dim[1], unit);
  uint8_t* p = static_cast<uint8_t*>(x.data) + row * quantized_row_bytes(x.dim[1], unit);
  float* scale = reinterpret_cast<float*>(p + padded);
  return {reinterpret_cast<int8_t*>(p), scale, scale + padded / unit};
}

}  // namespace qn
