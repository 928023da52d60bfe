// mean: of each channel over an image's pixels.
//
// f32: the sums of the image's rows, added up, over the number of pixels. u8: clamp(round(f32(sum of x -
// x_zero) * multiplier) + y_zero, 0, 255), half to even, in float32; the multiplier has the division in it.
// Then the fused steps.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& mean_op();

enum MeanAttribute { kMeanXZero, kMeanMultiplier, kMeanYZero };

// A work item is a run of this many channels of an image.
inline constexpr int64_t kMeanChannels = 64;

struct MeanItem {
  int64_t image;
  int64_t channel_begin, channel_end;
};

static inline int64_t mean_items(const Call& call) {
  return call.out[0].dim[0] * ((call.out[0].dim[3] + kMeanChannels - 1) / kMeanChannels);
}
static inline MeanItem mean_item(const Call& call, int64_t item) {
  const int64_t channels = call.out[0].dim[3];
  const int64_t parts = (channels + kMeanChannels - 1) / kMeanChannels;
  const int64_t c = item % parts * kMeanChannels;
  return {item / parts, c, c + kMeanChannels < channels ? c + kMeanChannels : channels};
}

void mean_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void mean_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void mean_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
