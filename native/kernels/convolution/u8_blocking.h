// The work items of the integer convolutions: a block of output pixels by a block of panels.
//
// Within an item one pair of panels after the other passes over all pixels, so that the pair stays in the
// first caches while the pixels' windows stay in the second-level cache. Where pixels alone make too few
// items for the threads, as in the small late layers of a network, the panels are divided too. Items that
// differ in panels only follow one another, so that a thread prepares a block of pixels once.
#pragma once

#include "native/core/fused.h"
#include "native/kernels/convolution/u8_convolution.h"

namespace qn {

// Register tiles have 12 pixels or a divisor.
inline constexpr int64_t kTileUnit = 12;
inline constexpr int64_t kMostBlockPixels = 8 * kTileUnit;
inline constexpr int64_t kFewestItems = 32;
inline constexpr int64_t kItemPanels = 2;  // the fewest
// What a call with real steps (fused.h) computes at a time: results that stay in the first-level cache.
inline constexpr int64_t kValueChannels = kItemPanels * kPanelRows;
// Where a kernel gathers windows as 16-bit values: what a block of them may take of the first-level cache.
inline constexpr int64_t kWidenedBytes = 16 << 10;

struct U8Blocking {
  ConvolutionForm form;
  int64_t phases;
  int64_t block_pixels;
  int64_t panels, block_panels, panel_blocks;
};

struct U8Item {
  int64_t phase, image;
  int64_t pixel_begin, pixel_end;  // within the image, of the phase's outputs
  int64_t panel_begin, panel_end;
};

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static inline const Weight& u8_weight(const Call& call) {
  return *(call.in[kU8Weight].weight ? call.in[kU8Weight] : call.in[kDynamicWeight]).weight;
}

static inline int64_t pixel_blocks(const U8Blocking& b, const Convolution& c) {
  return ceil_div(c.h.outputs * c.w.outputs, b.block_pixels);
}

// Bytes of a window in a row of its own, as codes.
static inline int64_t window_bytes(const Weight& w) { return w.padded_cols; }

static inline U8Blocking u8_blocking(const Call& call, ConvolutionForm form, bool widened) {
  const Weight& w = u8_weight(call);
  const int64_t phases = phases_of(call, form);
  // All phases have about as many outputs.
  const Convolution c = phase_of(call, form, 0);
  int64_t most = kMostBlockPixels;
  if (widened) {
    const int64_t fit = kWidenedBytes / (2 * window_bytes(w)) / kTileUnit * kTileUnit;
    most = fit < kTileUnit ? kTileUnit : fit < most ? fit : most;
  }
  U8Blocking b{form, phases, most, w.panels, w.panels, 1};
  const int64_t outputs = c.h.outputs * c.w.outputs;
  if (outputs > 0) {
    // Blocks of about the same size, without more of them.
    const int64_t even = ceil_div(outputs, ceil_div(outputs, most));
    b.block_pixels = ceil_div(even, kTileUnit) * kTileUnit;
  }
  const int64_t of_pixels = c.images * pixel_blocks(b, c) * phases;
  const int64_t pairs = ceil_div(w.panels, kItemPanels);
  const int64_t wanted = of_pixels > 0 ? ceil_div(kFewestItems, of_pixels) : 1;
  b.block_panels = ceil_div(pairs, wanted < pairs ? wanted : pairs) * kItemPanels;
  b.panel_blocks = ceil_div(w.panels, b.block_panels);
  return b;
}

static inline int64_t u8_items(const Call& call, const U8Blocking& b) {
  int64_t blocks = 0;
  for (int64_t phase = 0; phase < b.phases; ++phase) {
    const Convolution c = phase_of(call, b.form, phase);
    blocks += c.images * pixel_blocks(b, c);
  }
  return blocks * b.panel_blocks;
}

static inline U8Item u8_item(const Call& call, const U8Blocking& b, int64_t item) {
  int64_t block = item / b.panel_blocks, phase = 0;
  Convolution c = phase_of(call, b.form, 0);
  while (block >= c.images * pixel_blocks(b, c)) {
    block -= c.images * pixel_blocks(b, c);
    c = phase_of(call, b.form, ++phase);
  }
  const int64_t blocks = pixel_blocks(b, c), outputs = c.h.outputs * c.w.outputs;
  const int64_t pixel = block % blocks * b.block_pixels, pixel_end = pixel + b.block_pixels;
  const int64_t panel = item % b.panel_blocks * b.block_panels, panel_end = panel + b.block_panels;
  return {phase, block / blocks,
          pixel, pixel_end < outputs ? pixel_end : outputs,
          panel, panel_end < b.panels ? panel_end : b.panels};
}

// A thread's scratch: byte offsets, all multiples of 64.
struct U8Scratch {
  int64_t taps;      // [taps][block_pixels] pointers
  int64_t rows;      // [block_pixels] pointers to outputs
  int64_t sums;      // [block_pixels] int32, of the pixel: see PixelTerms
  int64_t scales;    // [block_pixels] floats, dynamic
  int64_t padding;   // a tap of zeros
  int64_t windows;   // [block_pixels] windows in one run each, where a tap is a whole window
  int64_t widened;   // [block_pixels] windows as 16-bit values
  int64_t channels;  // per channel: see ChannelTerms
  int64_t values;    // [block_pixels][kValueChannels] floats, of calls with real steps
  int64_t bytes;
};

inline constexpr int64_t kCopyVector = 32;
inline constexpr int64_t kLine = 64;
static inline int64_t lines(int64_t bytes) { return ceil_div(bytes, kLine) * kLine; }

// Windows are gathered where a tap is a whole window and a window has several cells.
static inline bool gathers_windows(const Call& call) { return u8_weight(call).tap_cols != call.in[0].dim[3]; }

// From one window to the next, with a gap for copies in whole vectors.
static inline int64_t window_stride(const Weight& w) { return lines(window_bytes(w) + kCopyVector); }

// Bytes that stand for padding: a cell's, or of gathered windows a row's.
static inline int64_t padding_bytes(const Call& call) {
  const int64_t cells = gathers_windows(call) ? size_attribute(call, kKernelW) : 1;
  return padded_tap_cols(cells * call.in[0].dim[3]);
}

static inline U8Scratch u8_scratch(const Call& call, const U8Blocking& b, bool widened) {
  constexpr int64_t kPointer = sizeof(void*), kWord = 4;
  const Weight& w = u8_weight(call);
  const int64_t pixels = b.block_pixels, taps = w.cols / w.tap_cols;
  U8Scratch s{};
  int64_t at = 0;
  const auto take = [&](int64_t bytes) {
    const int64_t place = at;
    at += lines(bytes);
    return place;
  };
  s.taps = take(taps * pixels * kPointer);
  s.rows = take(pixels * kPointer);
  s.sums = take(pixels * kWord);
  s.scales = take(pixels * kWord);
  s.padding = take(padding_bytes(call) + kReadableSlack);
  s.windows = take(gathers_windows(call) ? pixels * window_stride(w) + kReadableSlack : 0);
  s.widened = take(widened ? pixels * 2 * window_bytes(w) + kReadableSlack : 0);
  s.channels = take(4 * b.block_panels * kPanelRows * kWord);
  s.values = take(has_real_steps(call) ? pixels * kValueChannels * kWord : 0);
  s.bytes = at;
  return s;
}

}  // namespace qn
