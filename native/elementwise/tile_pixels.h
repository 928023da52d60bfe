// How many pixels of a row a kernel computes before it applies the fused steps to them.
#pragma once

#include <stdint.h>

namespace qn {

// Outputs that are worth the call, and still in the first-level cache as float32.
inline constexpr int64_t kTileOutputs = 4096;

static inline int64_t tile_pixels(int64_t channels) {
  return channels < 1 ? kTileOutputs : channels < kTileOutputs ? kTileOutputs / channels : 1;
}

}  // namespace qn
