// IEEE binary16 and bfloat16 in scalar code, for reference kernels and packing. Not for ISA files. Written
// with selects instead of branches, so that the compiler vectorises the loops which call these over whole
// rows.
#pragma once

#include <bit>
#include <cstdint>

namespace qn {

inline constexpr float kFloat16Max = 65504.0f;
inline constexpr float kFloat16Smallest = 0x1p-24f;  // the smallest subnormal

inline float float16_to_float(uint16_t h) {
  constexpr uint32_t kRebias = (127u - 15u) << 23;
  const uint32_t magnitude = static_cast<uint32_t>(h & 0x7fffu) << 13;
  const uint32_t exponent = magnitude & 0x0f800000u;
  const uint32_t normal = magnitude + kRebias;
  const uint32_t special = normal + kRebias;  // exponent 31 becomes 255: infinity or NaN
  // A subnormal has no implicit 1: give it one by the exponent, and subtract it again.
  const float subnormal = std::bit_cast<float>(normal + (1u << 23)) - 0x1p-14f;
  const uint32_t bits = exponent == 0             ? std::bit_cast<uint32_t>(subnormal)
                        : exponent == 0x0f800000u ? special
                                                  : normal;
  return std::bit_cast<float>(bits | static_cast<uint32_t>(h & 0x8000u) << 16);
}

// Rounds to nearest even; beyond 65504 by half a unit or more: infinity.
inline uint16_t float_to_float16(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  const uint32_t magnitude = bits & 0x7fffffffu;
  const uint32_t odd = magnitude >> 13 & 1u;
  const uint32_t normal = (magnitude - ((127u - 15u) << 23) + 0xfffu + odd) >> 13;
  // Added to 0.5, whose last place is 2^-24, a subnormal is rounded by the adder and lands in the low bits.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  const uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
  const uint32_t half = magnitude >= 0x47800000u ? special : magnitude < 0x38800000u ? subnormal : normal;
  return static_cast<uint16_t>(half | (bits >> 16 & 0x8000u));
}

inline float bfloat16_to_float(uint16_t b) { return std::bit_cast<float>(static_cast<uint32_t>(b) << 16); }

// Rounds to nearest even. NaN is the caller's to refuse (a NaN with only low mantissa bits would become
// infinity).
inline uint16_t float_to_bfloat16(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace qn
