// How the convolutions with packed weights cut their work and what a thread writes besides the result.
//
// Items are those of the other integer convolutions (u8_blocking.h). Within an item a pair of panels after
// the other is unpacked to a byte a code, which costs as much as a few pixels, and passes over all of the
// item's pixels, each of which reads one run of bytes: a cell where it lies, or its window gathered.
#pragma once

#include "native/kernels/convolution/packed_convolution.h"
#include "native/kernels/convolution/u8_blocking.h"

namespace qn {

// Panels are unpacked by steps of so many columns, whole words of both formats; groups are multiples of it.
inline constexpr int64_t kStepColumns = 16;

// Of one group of a panel, for the columns of a phase.
struct alignas(64) GroupTerms {
  float scale[kPanelRows];
  // Of each row minus the sum of its codes less their zero point, a whole number below 2^22 in magnitude, as
  // a + 128 * b with a in the low 16 bits and b in the high ones.
  int32_t minus_sum[kPanelRows];
};

// A code z as z in the low 16 bits and 128 * z in the high ones: vpmaddwd with a minus_sum is z times it.
static inline int32_t split_zero(int32_t zero) { return zero | zero << 23; }

// A thread's scratch: byte offsets, all multiples of 64.
struct PackedScratch {
  int64_t cells;    // [block_pixels] pointers to inputs
  int64_t rows;     // [block_pixels] pointers to outputs
  int64_t zeros;    // [block_pixels] int32, split
  int64_t scales;   // [block_pixels] floats
  int64_t padding;  // what stands for padding
  int64_t windows;  // [block_pixels] windows in one run each
  int64_t bias;     // [kItemPanels][16] floats
  int64_t terms;    // [kItemPanels][groups] GroupTerms
  int64_t codes;    // [kItemPanels][unpacked_bytes]
  int64_t bytes;
};

// A window begins where its columns do in a chunk of 4.
inline constexpr int64_t kMostLead = 3;
static inline int64_t packed_window_stride(const Weight& w) {
  return lines(kMostLead + w.cols + kCopyVector);
}

// Of a panel: all columns, from a whole step on to a whole step.
static inline int64_t unpacked_bytes(const Weight& w) {
  return (ceil_div(w.cols, kStepColumns) + 1) * kStepColumns * kPanelRows;
}

static inline PackedScratch packed_scratch(const Call& call, const U8Blocking& b) {
  constexpr int64_t kPointer = sizeof(void*), kWord = 4;
  const Weight& w = u8_weight(call);
  const int64_t pixels = b.block_pixels;
  PackedScratch s{};
  int64_t at = 0;
  const auto take = [&](int64_t bytes) {
    const int64_t place = at;
    at += lines(bytes);
    return place;
  };
  s.cells = take(pixels * kPointer);
  s.rows = take(pixels * kPointer);
  s.zeros = take(pixels * kWord);
  s.scales = take(pixels * kWord);
  s.padding = take(padding_bytes(call) + kReadableSlack);
  s.windows = take(pixels * packed_window_stride(w) + kReadableSlack);
  s.bias = take(kItemPanels * kPanelRows * kWord);
  s.terms = take(kItemPanels * w.groups * static_cast<int64_t>(sizeof(GroupTerms)));
  s.codes = take(kItemPanels * unpacked_bytes(w));
  s.bytes = at;
  return s;
}

}  // namespace qn
