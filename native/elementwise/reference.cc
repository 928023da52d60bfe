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

template <class T>
void apply_step(const Call& call, const FusedStep& step, const FusedTile& tile, TileRows<const T> b) {
  const TileRows<T> y = rows_of<T>(call.out[0], tile);
  for (int64_t row = 0; row < tile.rows; row++) {
    for (int64_t c = 0; c < tile.channels; c++) {
      T& value = y.data[row * y.distance + c];
      switch (step.kind) {
        case OperandKind::none:
          value = apply(step, value, T{});
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
          value = b.data[static_cast<uint8_t>(value)];
          break;
      }
    }
  }
}

template <class T>
void apply_steps(const Call& call, const FusedTile& tile) {
  for (int32_t s = 0; s < call.fused_steps; s++) {
    const FusedStep& step = call.fused[s];
    each_part<T>(call, step, tile, [&](const FusedTile& part, TileRows<const T> operand) {
      apply_step<T>(call, step, part, operand);
    });
  }
}

}  // namespace

void apply_fused_reference(const Call& call, const FusedTile& tile) {
  if (call.out[0].dtype == DType::f32) {
    apply_steps<float>(call, tile);
  } else {
    apply_steps<uint8_t>(call, tile);
  }
}

}  // namespace qn
