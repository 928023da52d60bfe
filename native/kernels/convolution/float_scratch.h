// What a thread of the float kernels writes besides the result.
#pragma once

#include "native/kernels/convolution/float_blocking.h"

namespace qn {
namespace {

// Gathered rows are so far apart at most. It is always an odd number of cache lines, so that the rows of a
// tile fall into different sets of the L1 cache.
constexpr int64_t kCopyExcess = 15;
constexpr int64_t kGatheredStride = kSliceColumns + kCopyExcess + 1;
static_assert(kGatheredStride / 16 % 2 == 1);

struct Rows {
  // The same for all blocks:
  const float* x;
  int64_t x_stride;
  bool gathered;
  bool in_place;     // but for windows that meet the padding
  int64_t run_taps;  // taps of a whole run
  // Of a block:
  int64_t pixels;
  int64_t tiles;
  int64_t result[kBlockPixels];  // each pixel's row of the result
  int64_t cell_h[kBlockPixels];  // the input cell of its tap 0, which may be padding
  int64_t cell_w[kBlockPixels];
  int64_t offset[kBlockPixels];  // of that cell from the input's first, in floats
  // Of a block and a slice:
  int64_t runs;
  int64_t columns[kSliceRuns];  // of each run
  const float* rows[kSliceRuns][kBlockPixels];
};

struct Scratch {
  // A slice of a pair, dequantized from the first column of a step of codes on.
  alignas(64) float weights[kPairPanels][(kSliceColumns + 32) * kPanelRows];
  alignas(64) float gathered[kBlockPixels * kGatheredStride];
  alignas(64) float zeros[kSliceColumns];
  Rows rows;
};

}  // namespace
}  // namespace qn
