// What integer convolutions on AVX-512 share, whatever the weights: a panel is a register.
#pragma once

#include <stdint.h>

#include "native/core/call.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// Four codes of a pixel in each lane.
QN_INLINE __m512i four_codes(const uint8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}

// The last panel of a weight may have fewer than 16 channels to store. Masked stores take many times a plain
// one's time on Zen 4.
QN_INLINE void store_floats(float* to, __m512 y, int64_t channels) {
  if (channels >= kPanelRows) {
    _mm512_storeu_ps(to, y);
  } else {
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << channels) - 1), y);
  }
}

}  // namespace
}  // namespace qn
