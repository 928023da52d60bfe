#include <algorithm>
#include <cmath>

#include "native/core/float_math.h"
#include "native/elementwise/apply_fused.h"
#include "native/elementwise/tile_rows.h"

namespace qn {
namespace {

// The greater of x and b, and NaN when one of them is.
float greater_of(float x, float b) {
  if (b != b) return b;
  return b > x ? b : x;
}

float lesser_of(float x, float b) {
  if (b != b) return b;
  return b < x ? b : x;
}

float clamped(float x, float lo, float hi) { return lesser_of(greater_of(x, lo), hi); }

float gate(float x) { return clamped(x + 3.0f, 0.0f, 6.0f); }

float apply(const FusedStep& step, float x, float b) {
  const float p = static_cast<float>(step.attribute[0]), q = static_cast<float>(step.attribute[1]);
  switch (step.op) {
    case FusedOp::add:
      return x + b;
    case FusedOp::subtract:
      return x - b;
    case FusedOp::reverse_subtract:
      return b - x;
    case FusedOp::multiply:
      return x * b;
    case FusedOp::divide:
      return x / b;
    case FusedOp::reverse_divide:
      return b / x;
    case FusedOp::maximum:
      return greater_of(x, b);
    case FusedOp::minimum:
      return lesser_of(x, b);
    case FusedOp::clamp:
      return clamped(x, p, q);
    case FusedOp::hard_swish:
      return x * p * gate(x);
    case FusedOp::hard_sigmoid:
      return gate(x) * p;
    case FusedOp::leaky_relu:
      return x < 0.0f ? p * x : x;
    case FusedOp::sigmoid:
      return logistic(x);
    case FusedOp::tanh:
      return hyperbolic_tangent(x);
    case FusedOp::exp:
      return exponential(x);
    case FusedOp::log:
      return logarithm(x);
    case FusedOp::sqrt:
      return square_root(x);
    case FusedOp::rsqrt:
      return 1.0f / square_root(x);
    case FusedOp::abs:
      return std::fabs(x);
    case FusedOp::negate:
      return -x;
    case FusedOp::square:
      return x * x;
    case FusedOp::floor:
      return std::floor(x);
    case FusedOp::ceil:
      return std::ceil(x);
    case FusedOp::round:
      return std::nearbyint(x);
    case FusedOp::lookup:
    case FusedOp::add_codes:
    case FusedOp::multiply_codes:
    case FusedOp::dequantize:
    case FusedOp::add_dequantized:
    case FusedOp::multiply_dequantized:
    case FusedOp::quantize:
      break;
  }
  return x;
}

uint8_t add_codes(const double* a, int64_t x, int64_t b) {
  const int64_t factor = static_cast<int64_t>(a[0]);
  const int64_t operand_factor = static_cast<int64_t>(a[1]);
  const int shift = static_cast<int>(a[2]);
  const int64_t sum =
      (x - static_cast<int64_t>(a[3])) * factor + (b - static_cast<int64_t>(a[4])) * operand_factor;
  const int64_t half = int64_t{1} << (shift - 1);
  const int64_t code = ((sum + half) >> shift) + static_cast<int64_t>(a[5]);
  return static_cast<uint8_t>(std::clamp(code, static_cast<int64_t>(a[6]), static_cast<int64_t>(a[7])));
}

uint8_t multiply_codes(const double* a, float x, float b) {
  const float product = (x - static_cast<float>(a[1])) * (b - static_cast<float>(a[2]));
  const float real = product * static_cast<float>(a[0]);
  const float zero = static_cast<float>(a[3]), lo = static_cast<float>(a[4]), hi = static_cast<float>(a[5]);
  // Clamped before it is rounded, so that it fits an integer: the bounds are integers, and rounding to even
  // moves nothing over an integer.
  return static_cast<uint8_t>(std::nearbyint(clamped(real, lo - zero, hi - zero)) + zero);
}

uint8_t apply(const FusedStep& step, uint8_t x, uint8_t b) {
  if (step.op == FusedOp::add_codes) return add_codes(step.attribute, x, b);
  return multiply_codes(step.attribute, x, b);
}

float dequantized(const double* a, uint8_t code) {
  return (static_cast<float>(code) - static_cast<float>(a[1])) * static_cast<float>(a[0]);
}

// NaN becomes lo.
uint8_t quantized(const double* a, float x) {
  const float zero = static_cast<float>(a[1]);
  const float lo = static_cast<float>(a[2]) - zero, hi = static_cast<float>(a[3]) - zero;
  const float real = x * static_cast<float>(a[0]), raised = real > lo ? real : lo;
  return static_cast<uint8_t>(std::nearbyint(raised < hi ? raised : hi) + zero);
}

float apply(const FusedStep& step, float x, uint8_t b) {
  const float real = dequantized(step.attribute, b);
  return step.op == FusedOp::add_dequantized ? x + real : x * real;
}

template <class T, class B>
void apply_step(const FusedStep& step, const FusedTile& tile, TileRows<T> y, TileRows<const B> b) {
  for (int64_t row = 0; row < tile.rows; row++) {
    for (int64_t c = 0; c < tile.channels; c++) {
      T& value = y.data[row * y.distance + c];
      switch (step.kind) {
        case OperandKind::none:
          value = apply(step, value, B{});
          break;
        case OperandKind::same:
        case OperandKind::strided:
        case OperandKind::channel:
          value = apply(step, value, b.data[row * b.distance + c]);
          break;
        case OperandKind::scalar:
          value = apply(step, value, b.data[0]);
          break;
        case OperandKind::table:
          value = static_cast<T>(b.data[static_cast<uint8_t>(value)]);
          break;
      }
    }
  }
}

void apply_on_codes(const Call& call, const FusedStep& step, const FusedTile& tile) {
  each_part<uint8_t>(call, step, tile, [&](const FusedTile& part, TileRows<const uint8_t> operand) {
    apply_step(step, part, rows_of<uint8_t>(call.out[0], part), operand);
  });
}

template <class B>
void apply_on_floats(const Call& call, const FusedStep& step, const FusedTile& tile) {
  each_part<B>(call, step, tile, [&](const FusedTile& part, TileRows<const B> operand) {
    apply_step(step, part, value_rows(call, part), operand);
  });
}

// Calls visit(code, value) for each element of a tile.
template <class Visit>
void each_element(const Call& call, const FusedTile& tile, Visit visit) {
  const TileRows<uint8_t> y = rows_of<uint8_t>(call.out[0], tile);
  for (int64_t row = 0; row < tile.rows; row++) {
    for (int64_t c = 0; c < tile.channels; c++)
      visit(y.data[row * y.distance + c], tile.values[row * tile.value_distance + c]);
  }
}

void apply_any(const Call& call, const FusedStep& step, const FusedTile& tile) {
  const double* a = step.attribute;
  switch (step.op) {
    case FusedOp::lookup:
    case FusedOp::add_codes:
    case FusedOp::multiply_codes:
      return apply_on_codes(call, step, tile);
    case FusedOp::dequantize:
      return each_element(call, tile, [=](uint8_t code, float& value) { value = dequantized(a, code); });
    case FusedOp::quantize:
      return each_element(call, tile, [=](uint8_t& code, float value) { code = quantized(a, value); });
    case FusedOp::add_dequantized:
    case FusedOp::multiply_dequantized:
      return apply_on_floats<uint8_t>(call, step, tile);
    default:
      return apply_on_floats<float>(call, step, tile);
  }
}

}  // namespace

void apply_fused_reference(const Call& call, const FusedTile& tile) {
  for (int32_t s = 0; s < call.fused_steps; s++) apply_any(call, call.fused[s], tile);
}

}  // namespace qn
