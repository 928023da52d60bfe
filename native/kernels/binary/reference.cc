#include <cmath>
#include <cstdint>
#include <type_traits>

#include "native/core/broadcast.h"
#include "native/core/rows.h"
#include "native/kernels/binary/binary.h"

namespace qn {
namespace {

int32_t wrapped(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

// Rounded down; 0 for b = 0.
int64_t floor_quotient(int64_t a, int64_t b) {
  if (b == 0) return 0;
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

int32_t integer_power(int32_t base, int32_t exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
    return 0;
  }
  uint32_t result = 1, square = static_cast<uint32_t>(base);
  for (uint32_t e = static_cast<uint32_t>(exponent); e != 0; e >>= 1) {
    if (e & 1u) result *= square;
    square *= square;
  }
  return static_cast<int32_t>(result);
}

double float_mod(double a, double b) {
  const double remainder = std::fmod(a, b);
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

float compute(BinaryKind kind, float a, float b) {
  switch (kind) {
    case BinaryKind::add:
      return a + b;
    case BinaryKind::subtract:
      return a - b;
    case BinaryKind::multiply:
      return a * b;
    case BinaryKind::divide:
      return a / b;
    case BinaryKind::maximum:
      return a != a || a > b ? a : b;
    case BinaryKind::minimum:
      return a != a || a < b ? a : b;
    case BinaryKind::floor_divide:
      return static_cast<float>(std::floor(static_cast<double>(a) / b));
    case BinaryKind::floor_mod:
      return static_cast<float>(float_mod(a, b));
    case BinaryKind::squared_difference:
      return (a - b) * (a - b);
    case BinaryKind::power:
      return static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    default:
      return 0;
  }
}

int32_t compute(BinaryKind kind, int32_t x, int32_t y) {
  const int64_t a = x, b = y;
  switch (kind) {
    case BinaryKind::add:
      return wrapped(a + b);
    case BinaryKind::subtract:
      return wrapped(a - b);
    case BinaryKind::multiply:
      return wrapped(a * b);
    case BinaryKind::divide:
      return b == 0 ? 0 : wrapped(a / b);
    case BinaryKind::maximum:
      return a > b ? x : y;
    case BinaryKind::minimum:
      return a < b ? x : y;
    case BinaryKind::floor_divide:
      return wrapped(floor_quotient(a, b));
    case BinaryKind::floor_mod:
      return b == 0 ? 0 : wrapped(a - floor_quotient(a, b) * b);
    case BinaryKind::squared_difference: {
      const uint64_t difference = static_cast<uint64_t>(a - b);
      return wrapped(static_cast<int64_t>(difference * difference));
    }
    case BinaryKind::power:
      return integer_power(x, y);
    default:
      return 0;
  }
}

uint8_t compute(BinaryKind kind, uint8_t a, uint8_t b) {
  return (kind == BinaryKind::maximum) == (a > b) ? a : b;
}

// Each comparison is a function of its own, so that the loop over a row has no switch in it and is
// vectorised: TensorFlow.js's CenterNet compares 1.3 million scores with their neighbours' maximum.
template <class T, class Visit>
void with_predicate(BinaryKind kind, const Visit& visit) {
  switch (kind) {
    case BinaryKind::equal:
      return visit([](T a, T b) { return static_cast<uint8_t>(a == b); });
    case BinaryKind::not_equal:
      return visit([](T a, T b) { return static_cast<uint8_t>(a != b); });
    case BinaryKind::less:
      return visit([](T a, T b) { return static_cast<uint8_t>(a < b); });
    case BinaryKind::less_equal:
      return visit([](T a, T b) { return static_cast<uint8_t>(a <= b); });
    case BinaryKind::greater:
      return visit([](T a, T b) { return static_cast<uint8_t>(a > b); });
    case BinaryKind::greater_equal:
      return visit([](T a, T b) { return static_cast<uint8_t>(a >= b); });
    case BinaryKind::logical_and:
      return visit([](T a, T b) { return static_cast<uint8_t>(a != 0 && b != 0); });
    default:
      return visit([](T a, T b) { return static_cast<uint8_t>(a != 0 || b != 0); });
  }
}

template <class T, class Function>
void combine(const Call& call, const RowTile& tile, const Function& function) {
  using Result = std::invoke_result_t<Function, T, T>;
  const View& y = call.out[0];
  const Broadcast left(call.in[0], y), right(call.in[1], y);
  const int64_t left_step = left.column_step(y), right_step = right.column_step(y);
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    const T* a = static_cast<const T*>(call.in[0].data) + left.row_offset(y, row);
    const T* b = static_cast<const T*>(call.in[1].data) + right.row_offset(y, row);
    Result* result = static_cast<Result*>(y.data) + row * y.stride;
    const int64_t end = tile.first_column + tile.columns;
    if (left_step == 1 && right_step == 1) {
      for (int64_t c = tile.first_column; c < end; c++) result[c] = function(a[c], b[c]);
    } else {
      for (int64_t c = tile.first_column; c < end; c++)
        result[c] = function(a[c * left_step], b[c * right_step]);
    }
  }
}

template <class T>
void apply(const Call& call, const RowTile& tile) {
  const BinaryKind kind = static_cast<BinaryKind>(call.attribute[0]);
  if (gives_truth(kind)) {
    with_predicate<T>(kind, [&](const auto& predicate) { combine<T>(call, tile, predicate); });
  } else {
    combine<T>(call, tile, [=](T a, T b) { return compute(kind, a, b); });
  }
}

}  // namespace

void binary_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const Tiling tiling = tiling_of(call.out[0]);
  for (int64_t i = begin; i < end; i++) {
    if (call.in[0].dtype == DType::f32) {
      apply<float>(call, tile_of(tiling, i));
    } else if (call.in[0].dtype == DType::i32) {
      apply<int32_t>(call, tile_of(tiling, i));
    } else {
      apply<uint8_t>(call, tile_of(tiling, i));
    }
  }
}

}  // namespace qn
