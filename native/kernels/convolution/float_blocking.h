// How the float kernels cut their work, whatever the ISA.
//
// A work item is a unit of output pixels by a pair of panels. The units of a block follow each other, then
// the pairs, then the blocks; so a range of items is some pairs of whole blocks, but for its ends. For a
// slice of the weight's columns a block finds the rows of input that its pixels read (float_rows.h), and then
// walks the pairs: the input in L2, a pair's weights, dequantized to float when they are not, read from L2
// once a tile of pixels. None of it changes a sum: every output is one chain of fused multiply-adds over the
// columns in order, kept in the output between slices.
#pragma once

#include "native/core/call.h"
#include "native/kernels/convolution/geometry.h"

namespace qn {
namespace {

// Three tiles of 12 pixels or six of 6: the late layers of a detector, 10 x 10 pixels, are still some items a
// pair.
constexpr int64_t kUnitPixels = 36;
constexpr int64_t kBlockUnits = 4;  // 2 to 8 are as fast on a Zen 4
constexpr int64_t kBlockPixels = kBlockUnits * kUnitPixels;
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
  return ceil_div(pixels_of(c), kUnitPixels) * pairs_of(weight);
}

}  // namespace
}  // namespace qn
