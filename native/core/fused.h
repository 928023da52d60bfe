// Elementwise steps that an op applies, in order, to each element of its result before it is stored for good:
// a bias of a batch norm, a residual sum, an activation. The result is exactly that of the plain op followed
// by each step as an op of its own: u8 results are rounded and clamped to codes between the steps. Or, where
// the last step is `quantize`, what comes before a u8 result is float32, and rounded once.
//
// native/elementwise/ computes them, for each instruction set, on tiles that are still in the cache.
#pragma once

#include "native/core/call.h"

namespace qn {

enum class FusedOp : uint8_t {
  // On float32. y = x + b and so on; the operand b may come first.
  add,
  subtract,
  reverse_subtract,  // b - x
  multiply,
  divide,
  reverse_divide,  // b / x
  maximum,
  minimum,
  clamp,         // lo, hi
  hard_swish,    // sixth: (x * sixth) * min(max(x + 3, 0), 6)
  hard_sigmoid,  // sixth: min(max(x + 3, 0), 6) * sixth
  leaky_relu,    // alpha: x < 0 ? alpha * x : x
  sigmoid,
  tanh,
  exp,
  log,
  sqrt,
  rsqrt,
  abs,
  negate,
  square,
  floor,
  ceil,
  round,  // half to even
  // On u8 codes.
  lookup,          // operand: u8[256]
  add_codes,       // factor, operand_factor, shift, x_zero, operand_zero, y_zero, lo, hi
  multiply_codes,  // multiplier, x_zero, operand_zero, y_zero, lo, hi
  // Between float32 and u8 codes.
  dequantize,            // scale, zero: (y - zero) * scale, y being the result's own codes; a first step
  add_dequantized,       // scale, zero: x + (b - zero) * scale, b being codes
  multiply_dequantized,  // scale, zero: x * ((b - zero) * scale)
  quantize,  // multiplier, zero, lo, hi: x * multiplier, rounded half to even, + zero; NaN: lo. The last step
};

// How the operand's elements go with the result's.
enum class OperandKind : uint8_t {
  none,
  same,     // one each: of the result's shape, with a stride of its own
  strided,  // one each: every stride_h-th row and stride_w-th column of an image [N, H, W, C]
  channel,  // one for each of the last axis: [C], [1, ..., C]
  scalar,   // one
  table,    // u8[256], of lookup
};

inline constexpr int kMaxFusedAttributes = 8;

struct FusedStep {
  FusedOp op;
  OperandKind kind;
  int32_t operand;                        // in Call::in; -1: none
  int32_t stride_h, stride_w;             // of the operand's pixels; 1 but for `strided`
  double attribute[kMaxFusedAttributes];  // in the order of the comments above
};

// Whether a u8 result is float32 until its last step.
static inline bool has_real_steps(const Call& call) {
  return call.fused_steps > 0 && call.fused[call.fused_steps - 1].op == FusedOp::quantize;
}

// A view of as many elements, of the same size, as a step reads of its operand.
static inline const View& operand_read(const Call& call, const FusedStep& step) {
  return step.kind == OperandKind::strided ? call.out[0] : call.in[step.operand];
}

}  // namespace qn
