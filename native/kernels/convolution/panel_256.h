// What integer convolutions in 256-bit registers share, whatever the weights: half a panel is a register.
#pragma once

#include <stdint.h>

#include "native/core/call.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

inline constexpr int kTilePanels = 1;
inline constexpr int kHalves = 2;
inline constexpr int kHalfRows = kPanelRows / kHalves;

// Four codes of a pixel in each lane.
QN_INLINE __m256i four_codes(const uint8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}

// Channels beyond the last one are not written.
QN_INLINE void store_floats(float* to, __m256 y, int64_t channels) {
  if (channels >= kHalfRows) {
    _mm256_storeu_ps(to, y);
    return;
  }
  alignas(32) float each[kHalfRows];
  _mm256_store_ps(each, y);
  for (int64_t i = 0; i < channels; ++i) to[i] = each[i];
}

}  // namespace
}  // namespace qn
