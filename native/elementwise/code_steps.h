// Steps on u8 codes: each goes over the tile, which stays in the L1 cache, by itself. Include one of
// native/simd/code_lanes_*.h first.
#pragma once

#include "native/elementwise/tile_rows.h"

namespace qn {
namespace {

constexpr int kCodes = 16;

// The factors and zero points of add_codes: the sum ((x - x_zero) * factor + (b - operand_zero) *
// operand_factor + half) fits 32 bits, so its constant part may be summed up beforehand, modulo 2^32.
struct AddCodes {
  Integers factor, operand_factor, shift, constant, y_zero, lo, hi;

  explicit AddCodes(const double* a) {
    const int64_t half = int64_t{1} << (static_cast<int>(a[2]) - 1);
    const int64_t sum = half - static_cast<int64_t>(a[3]) * static_cast<int64_t>(a[0]) -
                        static_cast<int64_t>(a[4]) * static_cast<int64_t>(a[1]);
    factor = broadcast_integer(static_cast<int32_t>(a[0]));
    operand_factor = broadcast_integer(static_cast<int32_t>(a[1]));
    shift = broadcast_integer(static_cast<int32_t>(a[2]));
    constant = broadcast_integer(static_cast<int32_t>(static_cast<uint32_t>(sum)));
    y_zero = broadcast_integer(static_cast<int32_t>(a[5]));
    lo = broadcast_integer(static_cast<int32_t>(a[6]));
    hi = broadcast_integer(static_cast<int32_t>(a[7]));
  }

  QN_INLINE Integers operator()(Integers x, Integers b) const {
    const Integers sum = add(add(mul(x, factor), mul(b, operand_factor)), constant);
    return min(max(add(shift_right(sum, shift), y_zero), lo), hi);
  }
};

struct MultiplyCodes {
  Lanes multiplier, lo, hi;
  Integers x_zero, operand_zero, y_zero;

  explicit MultiplyCodes(const double* a)
      : multiplier(broadcast(static_cast<float>(a[0]))),
        lo(broadcast(static_cast<float>(a[4] - a[3]))),
        hi(broadcast(static_cast<float>(a[5] - a[3]))),
        x_zero(broadcast_integer(static_cast<int32_t>(a[1]))),
        operand_zero(broadcast_integer(static_cast<int32_t>(a[2]))),
        y_zero(broadcast_integer(static_cast<int32_t>(a[3]))) {}

  QN_INLINE Integers operator()(Integers x, Integers b) const {
    const Lanes real = mul(to_lanes(mul(sub(x, x_zero), sub(b, operand_zero))), multiplier);
    return add(to_integers(min(hi, max(lo, real))), y_zero);
  }
};

template <class Function>
inline void each(TileRows<uint8_t> y, TileSize size, TileRows<const uint8_t> operand, bool scalar,
                 const Function& function) {
  const Integers same = broadcast_integer(operand.data[0]);
  for (int64_t row = 0; row < size.rows; row++) {
    uint8_t* x = y.data + row * y.distance;
    const uint8_t* b = operand.data + row * operand.distance;
    int64_t i = 0;
    for (; i + kCodes <= size.columns; i += kCodes) {
      const Integers other = scalar ? same : load_codes(b + i, kCodes);
      store_codes(x + i, kCodes, function(load_codes(x + i, kCodes), other));
    }
    if (i == size.columns) continue;
    const int64_t left = size.columns - i;
    const Integers other = scalar ? same : load_codes(b + i, left);
    store_codes(x + i, left, function(load_codes(x + i, left), other));
  }
}

template <class Function>
inline void combine(TileRows<uint8_t> y, TileSize size, TileRows<const uint8_t> operand, bool scalar,
                    const Function& function) {
  if (scalar) return each(y, size, operand, true, function);
  pass_rows(y, size, operand, [&](TileRows<uint8_t> y, TileSize size, TileRows<const uint8_t> operand) {
    each(y, size, operand, false, function);
  });
}

inline void apply_code_step(const Call& call, const FusedStep& step, const FusedTile& tile,
                            TileRows<const uint8_t> operand) {
  const TileSize size = size_of(call, step, tile);
  const TileRows<uint8_t> y = rows_of<uint8_t>(call.out[0], tile);
  const bool scalar = step.kind == OperandKind::scalar;
  if (step.op == FusedOp::lookup) {
    const CodeTable table = load_table(operand.data);
    for (int64_t row = 0; row < size.rows; row++) look_up(y.data + row * y.distance, size.columns, table);
  } else if (step.op == FusedOp::add_codes) {
    combine(y, size, operand, scalar, AddCodes(step.attribute));
  } else {
    combine(y, size, operand, scalar, MultiplyCodes(step.attribute));
  }
}

inline void apply_code_steps(const Call& call, const FusedTile& tile) {
  for (int32_t s = 0; s < call.fused_steps; s++) {
    const FusedStep& step = call.fused[s];
    each_part<uint8_t>(call, step, tile, [&](const FusedTile& part, TileRows<const uint8_t> operand) {
      apply_code_step(call, step, part, operand);
    });
  }
}

}  // namespace
}  // namespace qn
