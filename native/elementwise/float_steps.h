// Steps on float32: vectors of a tile go through all steps in registers. Include one of native/simd/lanes_*.h
// first.
#pragma once

#include "native/core/float_math.h"
#include "native/elementwise/tile_rows.h"
#include "native/simd/transcendental.h"

namespace qn {
namespace {

// Vectors that go through the steps together: a step's dispatch is paid once for all of them.
constexpr int kBlock = kAccumulators >= 16 ? 4 : 2;

// Steps bound at a time; more of them are applied in several passes.
constexpr int kBoundSteps = 8;

struct BoundStep {
  FusedOp op;
  bool scalar;
  TileRows<const float> operand;
  float p, q;
};

struct Place {
  int64_t row, column;
  int64_t lanes;  // 0: beyond the tile's end
};

// b > x ? b : x, and NaN when one of them is.
QN_INLINE Lanes greater_of(Lanes x, Lanes b) { return select(is_nan(b), b, max(b, x)); }
QN_INLINE Lanes lesser_of(Lanes x, Lanes b) { return select(is_nan(b), b, min(b, x)); }

// The bounds are no NaN.
QN_INLINE Lanes clamped(Lanes x, float lo, float hi) { return min(broadcast(hi), max(broadcast(lo), x)); }

QN_INLINE Lanes gate(Lanes x) { return clamped(add(x, broadcast(3.0f)), 0.0f, 6.0f); }

QN_INLINE Lanes load_place(TileRows<const float> rows, Place at) {
  const float* p = rows.data + at.row * rows.distance + at.column;
  return at.lanes == kLanes ? load(p) : load_first(p, at.lanes);
}

template <class Function>
QN_INLINE void each(Lanes* x, const Function& function) {
  QN_UNROLL for (int k = 0; k < kBlock; k++) x[k] = function(x[k]);
}

template <class Function>
QN_INLINE void each(Lanes* x, const BoundStep& step, const Place* at, const Function& function) {
  if (step.scalar) {
    const Lanes b = broadcast(step.operand.data[0]);
    QN_UNROLL for (int k = 0; k < kBlock; k++) x[k] = function(x[k], b);
  } else {
    QN_UNROLL for (int k = 0; k < kBlock; k++) x[k] = function(x[k], load_place(step.operand, at[k]));
  }
}

QN_INLINE void apply(const BoundStep& step, const Place* at, Lanes* x) {
  const float p = step.p, q = step.q;
  switch (step.op) {
    case FusedOp::add:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return add(a, b); });
    case FusedOp::subtract:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return sub(a, b); });
    case FusedOp::reverse_subtract:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return sub(b, a); });
    case FusedOp::multiply:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return mul(a, b); });
    case FusedOp::divide:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return div(a, b); });
    case FusedOp::reverse_divide:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return div(b, a); });
    case FusedOp::maximum:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return greater_of(a, b); });
    case FusedOp::minimum:
      return each(x, step, at, [](Lanes a, Lanes b) QN_LAMBDA_INLINE { return lesser_of(a, b); });
    case FusedOp::clamp:
      return each(x, [=](Lanes a) QN_LAMBDA_INLINE { return clamped(a, p, q); });
    case FusedOp::hard_swish:
      return each(x, [=](Lanes a) QN_LAMBDA_INLINE { return mul(mul(a, broadcast(p)), gate(a)); });
    case FusedOp::hard_sigmoid:
      return each(x, [=](Lanes a) QN_LAMBDA_INLINE { return mul(gate(a), broadcast(p)); });
    case FusedOp::leaky_relu:
      return each(x, [=](Lanes a)
                         QN_LAMBDA_INLINE { return select(less(a, zero_lanes()), mul(broadcast(p), a), a); });
    case FusedOp::sigmoid:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return logistic(a); });
    case FusedOp::tanh:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return hyperbolic_tangent(a); });
    case FusedOp::exp:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return exponential(a); });
    case FusedOp::log:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return logarithm(a); });
    case FusedOp::sqrt:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return sqrt(a); });
    case FusedOp::rsqrt:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return div(broadcast(1.0f), sqrt(a)); });
    case FusedOp::abs:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return absolute(a); });
    case FusedOp::negate:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return negative(a); });
    case FusedOp::square:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return mul(a, a); });
    case FusedOp::floor:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return floor(a); });
    case FusedOp::ceil:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return ceil(a); });
    case FusedOp::round:
      return each(x, [](Lanes a) QN_LAMBDA_INLINE { return nearest(a); });
    case FusedOp::lookup:
    case FusedOp::add_codes:
    case FusedOp::multiply_codes:
      return;
  }
}

// The next places of a tile, row after row.
QN_INLINE void next_places(TileSize size, Place& from, Place* at) {
  QN_UNROLL for (int k = 0; k < kBlock; k++) {
    const int64_t left = size.columns - from.column;
    at[k] = from.row < size.rows ? Place{from.row, from.column, left < kLanes ? left : kLanes} : Place{};
    from.column += kLanes;
    if (from.column >= size.columns) from = {from.row + 1, 0, 0};
  }
}

inline void apply_bound(const BoundStep* steps, int count, TileRows<float> y, TileSize size) {
  Place from{};
  while (from.row < size.rows) {
    Place at[kBlock];
    next_places(size, from, at);
    Lanes x[kBlock];
    QN_UNROLL for (int k = 0; k < kBlock; k++) x[k] = load_place({y.data, y.distance}, at[k]);
    for (int s = 0; s < count; s++) apply(steps[s], at, x);
    QN_UNROLL for (int k = 0; k < kBlock; k++) {
      float* p = y.data + at[k].row * y.distance + at[k].column;
      if (at[k].lanes == kLanes) {
        store(p, x[k]);
      } else {
        store_first(p, at[k].lanes, x[k]);
      }
    }
  }
}

inline void apply_float_steps(const Call& call, const FusedTile& tile) {
  const TileSize size = size_of(call, call.fused, call.fused_steps, tile);
  for (int32_t first = 0; first < call.fused_steps; first += kBoundSteps) {
    const int32_t left = call.fused_steps - first;
    const int count = left < kBoundSteps ? left : kBoundSteps;
    BoundStep bound[kBoundSteps];
    for (int s = 0; s < count; s++) {
      const FusedStep& step = call.fused[first + s];
      bound[s] = {step.op, step.kind == OperandKind::scalar, operand_rows<float>(call, step, tile),
                  static_cast<float>(step.attribute[0]), static_cast<float>(step.attribute[1])};
    }
    apply_bound(bound, count, rows_of<float>(call.out[0], tile), size);
  }
}

}  // namespace
}  // namespace qn
