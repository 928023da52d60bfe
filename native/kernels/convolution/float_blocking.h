// How the float kernels cut their work, whatever the ISA.
//
// A work item is a few output pixels by a pair of panels, all pairs of the same pixels in a row. A range of
// items that has all pairs of several neighbours computes these as one block. For a slice of the weight's
// columns it finds the rows of input that the block's pixels read (float_rows.h), and then walks the pairs:
// the input in L2, a pair's weights, dequantized to float when they are not, read from L2 once a tile of
// pixels. None of it changes a sum: every output is one chain of fused multiply-adds over the columns in
// order, kept in the output between slices.
#pragma once

#include "native/core/call.h"
#include "native/kernels/convolution/geometry.h"

namespace qn {
namespace {

// Three tiles of 12 pixels or six of 6: the late layers of a detector, 10 x 10 pixels, are still some items a
// channel pair.
constexpr int64_t kItemPixels = 36;
constexpr int64_t kBlockItems = 4;
constexpr int64_t kBlockPixels = kBlockItems * kItemPixels;
constexpr int64_t kPairPanels = 2;
// Columns of a slice: a block's rows of input (of one tap: 369 KB) and a pair of panels (82 KB) fit an L2 of
// 512 KB.
constexpr int64_t kSliceColumns = 640;

// A run: neighbouring columns of the weight whose input lies in one piece. A slice has so many at most.
constexpr int64_t kSliceRuns = 64;

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static inline int64_t pairs_of(const Weight& weight) { return ceil_div(weight.panels, kPairPanels); }

static inline int64_t convolution_items(const Convolution& c, const Weight& weight) {
  return ceil_div(pixels_of(c), kItemPixels) * pairs_of(weight);
}

}  // namespace
}  // namespace qn
