// The scalar mathematics of the float ops: the specification that every instruction set reproduces bit for
// bit.
//
// Float ops lay their work out in 16 virtual lanes: element i of a row belongs to lane i mod 16, each lane
// adds up its elements in order, and sum_lanes adds the lanes in one fixed tree. With IEEE arithmetic,
// explicit fused multiply-adds and the polynomials below, a result depends neither on the width of the
// registers nor on the C library.
//
// Everything is static: ISA files include this header too, and must not share the code generated for them.
#pragma once

#include <stdint.h>
#if defined(_MSC_VER) && !defined(__clang__)
#include <math.h>
#endif

namespace qn {

inline constexpr int kLanes = 16;

static inline uint32_t bits_of(float x) { return __builtin_bit_cast(uint32_t, x); }
static inline float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// a * b + c with one rounding. IEEE 754 fixes the result; without the instruction the C library emulates it.
static inline float fused_multiply_add(float a, float b, float c) {
#if defined(_MSC_VER) && !defined(__clang__)
  return fmaf(a, b, c);
#else
  return __builtin_fmaf(a, b, c);
#endif
}

static inline float square_root(float x) {
#if defined(_MSC_VER) && !defined(__clang__)
  return sqrtf(x);
#else
  return __builtin_sqrtf(x);
#endif
}

static inline float infinity() { return float_of(0x7f800000u); }
static inline float quiet_nan() { return float_of(0x7fc00000u); }

// lane[0..15], in place: i += i + 8, then + 4, + 2, + 1.
static inline float sum_lanes(float* lane) {
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    for (int i = 0; i < distance; i++) lane[i] += lane[i + distance];
  }
  return lane[0];
}

// e^x within 1 ulp; exp(0) == 1 exactly; 0 below -87.3, where the result would be about to become subnormal;
// infinity above 88.72283; NaN for NaN.
//
// e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln(2) / 2. Adding 1.5 * 2^23 rounds to an integer and leaves it
// in the low bits of the sum, ready to be added to the exponent field. ln 2 is split in two so that n *
// kLn2High is exact (Cody and Waite). e^r = 1 + r + r^2 q(r), q of degree 4 minimising the greatest relative
// error (3.1e-9).
static inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504f, kRound = 12582912.0f;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  if (x < -87.3f) return 0.0f;
  if (!(x <= 88.72283f)) return x + infinity();
  const float shifted = fused_multiply_add(x, kLog2E, kRound);
  const float n = shifted - kRound;
  const float r = fused_multiply_add(n, -kLn2Low, fused_multiply_add(n, -kLn2High, x));
  float p = 1.38145400e-3f;
  p = fused_multiply_add(p, r, 8.36874511e-3f);
  p = fused_multiply_add(p, r, 4.16683908e-2f);
  p = fused_multiply_add(p, r, 0.166665204f);
  p = fused_multiply_add(p, r, 0.499999934f);
  p = fused_multiply_add(p, r, 1.0f);
  p = fused_multiply_add(p, r, 1.0f);
  return float_of(bits_of(p) + (bits_of(shifted) << 23));
}

// 1 / (1 + e^-x) within 2.5e-7 relative; 0 below -88.72283, where e^-x overflows.
static inline float logistic(float x) { return 1.0f / (1.0f + exponential(0.0f - x)); }

// tanh x within 2.5e-7 relative; exactly 1 from 10 on, with the sign of x, zeros included.
//
// tanh t = m / (m + 2), m = e^2t - 1, t = |x|. As in `exponential` e^2t = 2^n e^r; m = 2^n (e^r - 1) +
// (2^n - 1) keeps the digits that e^2t - 1 would lose near 0.
static inline float hyperbolic_tangent(float x) {
  constexpr float kLog2E = 1.44269504f, kRound = 12582912.0f;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  float t = float_of(bits_of(x) & 0x7fffffffu);
  if (10.0f < t) t = 10.0f;
  const float twice = t + t;
  const float shifted = fused_multiply_add(twice, kLog2E, kRound);
  const float n = shifted - kRound;
  const float r = fused_multiply_add(n, -kLn2Low, fused_multiply_add(n, -kLn2High, twice));
  float p = 1.38145400e-3f;
  p = fused_multiply_add(p, r, 8.36874511e-3f);
  p = fused_multiply_add(p, r, 4.16683908e-2f);
  p = fused_multiply_add(p, r, 0.166665204f);
  p = fused_multiply_add(p, r, 0.499999934f);
  const float power = float_of(bits_of(1.0f) + (bits_of(shifted) << 23));
  const float m = fused_multiply_add(power, fused_multiply_add(p * r, r, r), power - 1.0f);
  return float_of(bits_of(m / (m + 2.0f)) | (bits_of(x) & 0x80000000u));
}

// ln x within 1.5e-7 relative; -infinity for zeros, NaN below 0 and for NaN.
//
// x = 2^e m, m in [sqrt(1/2), sqrt(2)). With f = m - 1, s = f / (f + 2) and z = s^2: ln m = 2 atanh(s) =
// 2 s + s R, R = 2 z / 3 + 2 z^2 / 5 + ..., and since 2 s = f - s f, ln m = f - s (f - R), where the rounding
// of s hardly counts. |s| < 0.1716: the terms left out are below 3e-9.
static inline float logarithm(float x) {
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr uint32_t kSquareRootOfHalf = 0x3f3504f3u;
  if (!(x > 0.0f)) return x == 0.0f ? -infinity() : quiet_nan();
  if (x == infinity()) return x;
  const bool subnormal = x < 0x1p-126f;
  const uint32_t bits = bits_of(subnormal ? x * 0x1p23f : x) - kSquareRootOfHalf;
  const float e = static_cast<float>(static_cast<int32_t>(bits) >> 23) - (subnormal ? 23.0f : 0.0f);
  const float f = float_of((bits & 0x7fffffu) + kSquareRootOfHalf) - 1.0f;
  const float s = f / (f + 2.0f);
  const float z = s * s;
  float series = 0.222222222f;
  series = fused_multiply_add(series, z, 0.285714286f);
  series = fused_multiply_add(series, z, 0.4f);
  series = fused_multiply_add(series, z, 0.666666667f);
  const float ln_m = fused_multiply_add(-s, f - series * z, f);
  return fused_multiply_add(e, kLn2High, fused_multiply_add(e, kLn2Low, ln_m));
}

// ln x to about 1e-15 relative; -infinity for 0, NaN below 0 and for NaN.
//
// x = 2^e m, m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m - 1) / (m + 1), by its power series: |s| <
// 0.1716, so that the terms left out are below 1e-18.
static inline double natural_log(double x) {
  constexpr double kLn2High = 0x1.62e42fefa38p-1, kLn2Low = 0x1.ef35793c7673p-45;
  if (!(x > 0.0)) return x == 0.0 ? -static_cast<double>(infinity()) : static_cast<double>(quiet_nan());
  if (x == static_cast<double>(infinity())) return x;
  int exponent = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    exponent = -54;
  }
  uint64_t bits = __builtin_bit_cast(uint64_t, x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
  double m = __builtin_bit_cast(double, bits);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double series = 0.0;
  for (int k = 23; k >= 3; k -= 2) series = (series + 1.0 / k) * z;
  return exponent * kLn2High + (2.0 * s + (2.0 * s * series + exponent * kLn2Low));
}

// IEEE binary16 to binary32: exact.
static inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00u) return float_of(sign | 0x7f800000u | magnitude << 13);
  // The bits moved into place are the value times 2^-112, subnormals included.
  return float_of(sign | bits_of(float_of(magnitude << 13) * 0x1p112f));
}

// Rounds to nearest even; infinity from 65520 on.
static inline uint16_t float_to_half(float x) {
  const uint32_t sign = bits_of(x) >> 16 & 0x8000u;
  const uint32_t magnitude = bits_of(x) & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);
  if (magnitude < 0x38800000u) {
    // Added to 0.5, whose last place is 2^-24 like that of subnormal halves, the value is rounded by the
    // adder.
    return static_cast<uint16_t>(sign | (bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f)));
  }
  const uint32_t odd = magnitude >> 13 & 1u;
  return static_cast<uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

// Rows of logits have 50,000 columns and more. Their sums go by blocks of this many columns, each block from
// zero and then added to the total, so that rounding errors grow with the length of a block and the number of
// blocks, not with their product.
inline constexpr int64_t kSumBlock = 1024;

}  // namespace qn
