// Steps on float32: each goes over the tile, which stays in the L1 cache, by itself. Include one of
// native/simd/lanes_*.h first.
//
// Keeping a vector in registers from step to step costs a jump a step and vector, which takes longer than the
// load and the store that it saves.
#pragma once

#include "native/core/float_math.h"
#include "native/elementwise/tile_rows.h"
#include "native/simd/transcendental.h"

namespace qn {
namespace {

// b > x ? b : x, and NaN when one of them is.
QN_INLINE Lanes greater_of(Lanes x, Lanes b) { return select(is_nan(b), b, max(b, x)); }
QN_INLINE Lanes lesser_of(Lanes x, Lanes b) { return select(is_nan(b), b, min(b, x)); }

// The bounds are no NaN.
QN_INLINE Lanes clamped(Lanes x, float lo, float hi) { return min(broadcast(hi), max(broadcast(lo), x)); }

QN_INLINE Lanes gate(Lanes x) { return clamped(add(x, broadcast(3.0f)), 0.0f, 6.0f); }

template <class Function>
inline void each(TileRows<float> y, TileSize size, const Function& function) {
  for (int64_t row = 0; row < size.rows; row++) {
    float* x = y.data + row * y.distance;
    int64_t c = 0;
    for (; c + kLanes <= size.columns; c += kLanes) store(x + c, function(load(x + c)));
    const int64_t left = size.columns - c;
    if (left > 0) store_first(x + c, left, function(load_first(x + c, left)));
  }
}

// With an operand.
struct Operand {
  TileRows<const float> rows;
  bool scalar;
};

template <class Function>
inline void each(TileRows<float> y, TileSize size, const Operand& operand, const Function& function) {
  if (operand.scalar) {
    const Lanes b = broadcast(operand.rows.data[0]);
    return each(y, size, [=](Lanes a) QN_LAMBDA_INLINE { return function(a, b); });
  }
  pass_rows(y, size, operand.rows, [&](TileRows<float> y, TileSize size, TileRows<const float> operand) {
    for (int64_t row = 0; row < size.rows; row++) {
      float* x = y.data + row * y.distance;
      const float* b = operand.data + row * operand.distance;
      int64_t c = 0;
      for (; c + kLanes <= size.columns; c += kLanes) store(x + c, function(load(x + c), load(b + c)));
      const int64_t left = size.columns - c;
      if (left > 0) store_first(x + c, left, function(load_first(x + c, left), load_first(b + c, left)));
    }
  });
}

inline void apply_step(const Call& call, const FusedStep& step, const FusedTile& tile,
                       TileRows<const float> rows) {
  const TileSize size = size_of(call, step, tile);
  const TileRows<float> y = value_rows(call, tile);
  const Operand operand{rows, step.kind == OperandKind::scalar};
  const float p = static_cast<float>(step.attribute[0]), q = static_cast<float>(step.attribute[1]);
  switch (step.op) {
    case FusedOp::add:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return add(a, b); });
    case FusedOp::subtract:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return sub(a, b); });
    case FusedOp::reverse_subtract:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return sub(b, a); });
    case FusedOp::multiply:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return mul(a, b); });
    case FusedOp::divide:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return div(a, b); });
    case FusedOp::reverse_divide:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return div(b, a); });
    case FusedOp::maximum:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return greater_of(a, b); });
    case FusedOp::minimum:
      return each(y, size, operand, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return lesser_of(a, b); });
    case FusedOp::clamp:
      return each(y, size, [=](Lanes a) QN_LAMBDA_INLINE { return clamped(a, p, q); });
    case FusedOp::hard_swish:
      return each(y, size, [=](Lanes a) QN_LAMBDA_INLINE { return mul(mul(a, broadcast(p)), gate(a)); });
    case FusedOp::hard_sigmoid:
      return each(y, size, [=](Lanes a) QN_LAMBDA_INLINE { return mul(gate(a), broadcast(p)); });
    case FusedOp::leaky_relu:
      return each(y, size, [=](Lanes a) QN_LAMBDA_INLINE {
        return select(less(a, zero_lanes()), mul(broadcast(p), a), a);
      });
    case FusedOp::sigmoid:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return logistic(a); });
    case FusedOp::tanh:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return hyperbolic_tangent(a); });
    case FusedOp::exp:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return exponential(a); });
    case FusedOp::log:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return logarithm(a); });
    case FusedOp::sqrt:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return sqrt(a); });
    case FusedOp::rsqrt:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return div(broadcast(1.0f), sqrt(a)); });
    case FusedOp::abs:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return absolute(a); });
    case FusedOp::negate:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return negative(a); });
    case FusedOp::square:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return mul(a, a); });
    case FusedOp::floor:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return floor(a); });
    case FusedOp::ceil:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return ceil(a); });
    case FusedOp::round:
      return each(y, size, [](Lanes a) QN_LAMBDA_INLINE { return nearest(a); });
    case FusedOp::lookup:
    case FusedOp::add_codes:
    case FusedOp::multiply_codes:
    case FusedOp::dequantize:
    case FusedOp::add_dequantized:
    case FusedOp::multiply_dequantized:
    case FusedOp::quantize:
      return;
  }
}

inline void apply_float_step(const Call& call, const FusedStep& step, const FusedTile& tile) {
  each_part<float>(call, step, tile, [&](const FusedTile& part, TileRows<const float> operand) {
    apply_step(call, step, part, operand);
  });
}

inline void apply_float_steps(const Call& call, const FusedTile& tile) {
  for (int32_t s = 0; s < call.fused_steps; s++) apply_float_step(call, call.fused[s], tile);
}

}  // namespace
}  // namespace qn
