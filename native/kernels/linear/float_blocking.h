// How the f32 gemm kernels cut their work, whatever the ISA.
//
// A work item is a block of tokens by a pair of panels, all pairs of one block in a row. A range of items
// walks its pairs with the block's activations in L2; a pair's weights, dequantized to float when they are
// not, are read from L2 once a tile. None of it changes a sum: every output is one chain of fused
// multiply-adds over the columns in order, kept in the output between slices of columns.
#pragma once

#include "native/core/call.h"

namespace qn {

inline constexpr int64_t kFloatBlockTokens = 96;
inline constexpr int64_t kFloatPairPanels = 2;
// Columns of a slice, a multiple of 64 so that it starts with a whole word of codes: 96 rows of activations
// (246 KB) and a pair of panels (82 KB) leave room in an L2 of 512 KB, and SmolLM's 576 columns are one
// slice.
inline constexpr int64_t kFloatSliceColumns = 640;
// Rows that are copied have this stride: an odd number of cache lines, so that the rows of a tile fall into
// different sets of the L1 cache.
inline constexpr int64_t kFloatCopyStride = kFloatSliceColumns + 16;

static inline int64_t float_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Where block `block` of `blocks` ends when `total` is split as evenly as multiples of `unit` allow.
static inline int64_t float_split(int64_t total, int64_t blocks, int64_t unit, int64_t block) {
  const int64_t end = float_ceil_div(float_ceil_div(total, unit) * block, blocks) * unit;
  return end < total ? end : total;
}

static inline int64_t float_gemm_blocks(int64_t tokens) { return float_ceil_div(tokens, kFloatBlockTokens); }
static inline int64_t float_gemm_pairs(const Call& call) {
  return float_ceil_div(call.in[1].weight->panels, kFloatPairPanels);
}
static inline int64_t float_gemm_items(const Call& call) {
  return float_gemm_blocks(call.in[0].dim[0]) * float_gemm_pairs(call);
}

// Scratch: a slice of a dequantized pair, then the copied activations of a block.
inline constexpr int64_t kFloatPairFloats = kFloatPairPanels * kPanelRows * kFloatSliceColumns;
static inline int64_t float_gemm_scratch_bytes(const Call&) {
  return (kFloatPairFloats + kFloatBlockTokens * kFloatCopyStride) * static_cast<int64_t>(sizeof(float));
}

}  // namespace qn
