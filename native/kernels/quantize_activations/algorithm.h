// quantize_activations on 16 lanes. Include one of native/simd/lanes_*.h first, and define:
//
//   Integers                  16 int32
//   zero_integers()
//   bits_without_sign(a)      of 16 floats
//   max(a, b), add(a, b)
//   maximum(a), sum(a)        over the lanes
//   round(a)                  16 floats to the nearest integers, halves to even
//   store_codes(p, a)         as 16 int8
#pragma once

#include "native/core/float_math.h"
#include "native/core/quantized_row.h"
#include "native/kernels/quantize_activations/quantize_activations.h"

namespace qn {
namespace {

// The bits of non-negative floats are in the order of their values, infinities and NaN above all, so that one
// integer maximum, in any order, finds the greatest and sees whether all are finite.
inline constexpr int32_t kInfinityBits = 0x7f800000;

template <int kVectors>
QN_INLINE void quantize_block(const Lanes (&x)[kVectors], int8_t* codes, float* scale, float* sum_out) {
  Integers bits = zero_integers();
  QN_UNROLL for (int v = 0; v < kVectors; ++v) bits = max(bits, bits_without_sign(x[v]));
  const int32_t greatest_bits = maximum(bits);
  const float greatest = float_of(static_cast<uint32_t>(greatest_bits));
  const float inverse = 127.0f / greatest;
  if (greatest_bits >= kInfinityBits || inverse == infinity()) {
    QN_UNROLL for (int v = 0; v < kVectors; ++v) store_codes(codes + 16 * v, zero_integers());
    *scale = *sum_out = greatest_bits >= kInfinityBits ? quiet_nan() : 0.0f;
    return;
  }
  Integers total = zero_integers();
  QN_UNROLL for (int v = 0; v < kVectors; ++v) {
    const Integers code = round(mul(x[v], broadcast(inverse)));
    store_codes(codes + 16 * v, code);
    total = add(total, code);
  }
  *scale = greatest / 127.0f;
  *sum_out = *scale * static_cast<float>(sum(total));
}

// 0 where |x| >= outlier; NaN stays, and is no outlier.
QN_INLINE Lanes without_outliers(Lanes x, Lanes outlier) {
  const Lanes magnitude = max(x, sub(zero_lanes(), x));
  return select(either(less(outlier, magnitude), equal(outlier, magnitude)), zero_lanes(), x);
}

template <int kVectors>
QN_INLINE void quantize_row(const float* x, int64_t cols, Lanes outlier, const QuantizedRow& row) {
  constexpr int kUnit = 16 * kVectors;
  int64_t block = 0;
  for (; (block + 1) * kUnit <= cols; ++block) {
    Lanes a[kVectors];
    QN_UNROLL for (int v = 0; v < kVectors; ++v) {
      a[v] = without_outliers(load(x + block * kUnit + 16 * v), outlier);
    }
    quantize_block(a, row.codes + block * kUnit, row.scale + block, row.sum + block);
  }
  const int64_t left = cols - block * kUnit;
  if (left == 0) return;
  Lanes a[kVectors];
  QN_UNROLL for (int v = 0; v < kVectors; ++v) {
    const int64_t n = left - 16 * v;
    a[v] = n > 0 ? load_first(x + block * kUnit + 16 * v, n < 16 ? n : 16) : zero_lanes();
    a[v] = without_outliers(a[v], outlier);
  }
  quantize_block(a, row.codes + block * kUnit, row.scale + block, row.sum + block);
}

inline void quantize_rows(const Call& call, int64_t begin, int64_t end) {
  const View& y = call.out[0];
  const int64_t cols = y.dim[1];
  const int unit = quantized_unit(y.dtype);
  const int64_t row_bytes = quantized_row_bytes(cols, unit);
  const Lanes outlier = broadcast(outlier_of(call));
  for (int64_t t = begin; t < end; ++t) {
    const float* x = static_cast<const float*>(call.in[0].data) + t * cols;
    const QuantizedRow row = quantized_row(y, t);
    switch (unit) {
      case 16:
        quantize_row<1>(x, cols, outlier, row);
        break;
      case 32:
        quantize_row<2>(x, cols, outlier, row);
        break;
      default:
        quantize_row<4>(x, cols, outlier, row);
        break;
    }
    float* fill = row.sum + quantized_padded(cols, unit) / unit;
    const uint8_t* row_end = static_cast<const uint8_t*>(y.data) + (t + 1) * row_bytes;
    while (reinterpret_cast<uint8_t*>(fill) < row_end) *fill++ = 0;
  }
}

}  // namespace
}  // namespace qn
