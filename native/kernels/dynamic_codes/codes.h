// Dynamic quantization: float32 activations to u8 codes by the range that a row of them has (a pixel, or an
// image).
//
//   lo = min(0, min x), hi = max(0, max x); NaN is passed over
//   inverse = 255 / (hi - lo), or 1 where lo == hi; scale = 1 / inverse
//   zero    = -lo * inverse or 255 - hi * inverse, whichever end's code is off by less, rounded half to
//             even, in 0 .. 255
//   code    = x * inverse rounded half to even, + zero, in 0 .. 255; NaN: 0
//
// Every product and quotient is rounded to float32, and the zero once. So XNNPACK does it for qd8 (its signed
// codes are less by 128), and docs/detector-arithmetic.md.
//
// Everything is static: ISA files include this header too.
#pragma once

#include <stdint.h>

namespace qn {

struct DynamicCodes {
  float inverse, scale;
  float zero;  // a whole number
};

// The nearest whole number, halves to even, of |x| < 2^22.
static inline float nearest_whole(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: no fraction fits beside it
  return (x + kRound) - kRound;
}

// lo <= 0 <= hi
static inline DynamicCodes dynamic_codes(float lo, float hi) {
  const float inverse = lo == hi ? 1.0f : 255.0f / (hi - lo);
  const float from_lo = lo * inverse, from_hi = hi * inverse;
  float zero;
  if (from_lo + from_hi > 1.0f) {
    zero = -nearest_whole(from_lo);
  } else {
    // 255 - from_hi may have no float32: it is rounded as from_hi is, but where that lies half-way, to the
    // other side, since 255 is odd.
    const float whole = nearest_whole(from_hi), rest = from_hi - whole;
    zero = 255.0f - whole - (rest == 0.5f || rest == -0.5f ? 2 * rest : 0.0f);
  }
  zero = zero > 0.0f ? zero : 0.0f;
  return {inverse, 1.0f / inverse, zero < 255.0f ? zero : 255.0f};
}

static inline uint8_t dynamic_code(float x, const DynamicCodes& codes) {
  const float real = x * codes.inverse, lo = -codes.zero, hi = 255.0f - codes.zero;
  const float above = real > lo ? real : lo;
  return static_cast<uint8_t>(nearest_whole(above < hi ? above : hi) + codes.zero);
}

}  // namespace qn
