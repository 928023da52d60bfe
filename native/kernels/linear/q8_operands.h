// The operands of the q8 tiles.
#pragma once

#include "native/core/quantized_row.h"
#include "native/kernels/linear/linear.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

// Consecutive panels unpacked for a gemm tile.
struct Panels {
  const uint8_t* codes;
  int64_t code_stride;   // bytes from one panel to the next
  const float* params;   // [groups][scales, offsets][16]
  int64_t param_stride;  // bytes from one panel to the next
};

// Consecutive tokens: the first one's row.
struct Tokens {
  const int8_t* codes;
  const float* scale;
  const float* sum;
  int64_t stride;  // bytes from one row to the next
};

inline Tokens tokens_at(const View& x, int64_t token) {
  const QuantizedRow row = quantized_row(x, token);
  return {row.codes, row.scale, row.sum, quantized_row_bytes(x.dim[1], quantized_unit(x.dtype))};
}

template <typename T>
QN_INLINE const T* bytes_after(const T* p, int64_t bytes) {
  return reinterpret_cast<const T*>(reinterpret_cast<const uint8_t*>(p) + bytes);
}

inline Panels panels_after(const Panels& p, int64_t count) {
  return {p.codes + count * p.code_stride, p.code_stride, bytes_after(p.params, count * p.param_stride),
          p.param_stride};
}

// The four codes that a vector lane multiplies, as the integer to broadcast.
QN_INLINE int32_t four_codes(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return four;
}

// Panels are multiples of 16 columns: a step is the bytes of 16 columns of a panel.
template <WeightFormat kFormat>
inline constexpr int kStepBytes = kFormat == WeightFormat::u8   ? 256
                                  : kFormat == WeightFormat::u4 ? 128
                                                                : 64;

// How far ahead of its loads gemv prefetches codes and parameters. The hardware keeps up with 8-bit codes by
// itself; the loads of narrower ones are too far apart for it, and DRAM would wait for the arithmetic.
template <WeightFormat kFormat>
inline constexpr int kPrefetchBytes = kFormat == WeightFormat::u8 ? 0 : 8192;
inline constexpr int kPrefetchParamBytes = 1024;

}  // namespace
}  // namespace qn
