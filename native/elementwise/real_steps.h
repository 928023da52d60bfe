// Steps on float32 before a u8 result, which is rounded once, by the last of them. What they work on lies in
// the tile's own values. Include one of native/simd/code_lanes_*.h first.
#pragma once

#include "native/elementwise/code_steps.h"
#include "native/elementwise/float_steps.h"

namespace qn {
namespace {

struct Dequantization {
  Lanes scale, zero;

  explicit Dequantization(const double* a)
      : scale(broadcast(static_cast<float>(a[0]))), zero(broadcast(static_cast<float>(a[1]))) {}

  QN_INLINE Lanes operator()(Integers codes) const { return mul(sub(to_lanes(codes), zero), scale); }
};

struct Quantization {
  Lanes multiplier, lo, hi;
  Integers zero;

  explicit Quantization(const double* a)
      : multiplier(broadcast(static_cast<float>(a[0]))),
        lo(broadcast(static_cast<float>(a[2] - a[1]))),
        hi(broadcast(static_cast<float>(a[3] - a[1]))),
        zero(broadcast_integer(static_cast<int32_t>(a[1]))) {}

  // The bounds come second: they are what NaN becomes.
  QN_INLINE Integers operator()(Lanes x) const {
    return add(to_integers(min(max(mul(x, multiplier), lo), hi)), zero);
  }
};

inline void dequantize(const Call& call, const FusedStep& step, const FusedTile& tile) {
  const TileSize size = size_of(call, step, tile);
  const TileRows<uint8_t> y = rows_of<uint8_t>(call.out[0], tile);
  const Dequantization real(step.attribute);
  for (int64_t row = 0; row < size.rows; row++) {
    float* x = tile.values + row * tile.value_distance;
    const uint8_t* codes = y.data + row * y.distance;
    int64_t i = 0;
    for (; i + kCodes <= size.columns; i += kCodes) store(x + i, real(load_codes(codes + i, kCodes)));
    const int64_t left = size.columns - i;
    if (left > 0) store_first(x + i, left, real(load_codes(codes + i, left)));
  }
}

inline void quantize(const Call& call, const FusedStep& step, const FusedTile& tile) {
  const TileSize size = size_of(call, step, tile);
  const TileRows<uint8_t> y = rows_of<uint8_t>(call.out[0], tile);
  const Quantization code(step.attribute);
  for (int64_t row = 0; row < size.rows; row++) {
    const float* x = tile.values + row * tile.value_distance;
    uint8_t* codes = y.data + row * y.distance;
    int64_t i = 0;
    for (; i + kCodes <= size.columns; i += kCodes) store_codes(codes + i, kCodes, code(load(x + i)));
    const int64_t left = size.columns - i;
    if (left > 0) store_codes(codes + i, left, code(load_first(x + i, left)));
  }
}

// With an operand of codes.
template <class Function>
inline void each(TileRows<float> values, TileSize size, TileRows<const uint8_t> operand,
                 const Dequantization& real, bool scalar, const Function& function) {
  if (scalar) {
    const Lanes b = real(broadcast_integer(operand.data[0]));
    return each(values, size, [=](Lanes a) QN_LAMBDA_INLINE { return function(a, b); });
  }
  for (int64_t row = 0; row < size.rows; row++) {
    float* x = values.data + row * values.distance;
    const uint8_t* b = operand.data + row * operand.distance;
    int64_t i = 0;
    for (; i + kCodes <= size.columns; i += kCodes)
      store(x + i, function(load(x + i), real(load_codes(b + i, kCodes))));
    const int64_t left = size.columns - i;
    if (left > 0) store_first(x + i, left, function(load_first(x + i, left), real(load_codes(b + i, left))));
  }
}

inline void combine_dequantized(const Call& call, const FusedStep& step, const FusedTile& tile) {
  const Dequantization real(step.attribute);
  const bool scalar = step.kind == OperandKind::scalar, sum = step.op == FusedOp::add_dequantized;
  each_part<uint8_t>(call, step, tile, [&](const FusedTile& part, TileRows<const uint8_t> operand) {
    const TileSize size = size_of(call, step, part);
    const TileRows<float> x = value_rows(call, part);
    if (sum) {
      each(x, size, operand, real, scalar, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return add(a, b); });
    } else {
      each(x, size, operand, real, scalar, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return mul(a, b); });
    }
  });
}

inline void apply_real_steps(const Call& call, const FusedTile& tile) {
  for (int32_t s = 0; s < call.fused_steps; s++) {
    const FusedStep& step = call.fused[s];
    switch (step.op) {
      case FusedOp::dequantize:
        dequantize(call, step, tile);
        break;
      case FusedOp::quantize:
        quantize(call, step, tile);
        break;
      case FusedOp::add_dequantized:
      case FusedOp::multiply_dequantized:
        combine_dequantized(call, step, tile);
        break;
      default:
        apply_float_step(call, step, tile);
    }
  }
}

}  // namespace
}  // namespace qn
