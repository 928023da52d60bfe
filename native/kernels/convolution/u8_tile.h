// What a register tile of the integer convolutions reads and writes.
#pragma once

#include "native/kernels/convolution/u8_windows.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// Chunks of 4 columns that a turn of the inner loop takes, so that sums stay in their registers. Emulated
// ones would take the compiler minutes.
#if defined(QN_SIMDE)
inline constexpr int kTurnChunks = 1;
#else
inline constexpr int kTurnChunks = 4;
#endif

// What becomes of a sum: u8 codes or floats of conv2d_u8, or floats of conv2d_dynamic.
enum class Output { codes, floats, dynamic };

// Of a block of panels, padded to whole panels: value = dot product + start + pixel.sum * sum, then by
// Output.
struct ChannelTerms {
  int32_t* start;
  int32_t* sum;
  float* scale;  // multiplier or weight scale
  float* bias;   // dynamic
};

// Of a block of pixels.
struct PixelTerms {
  int32_t* sum;
  float* scale;  // dynamic
  bool has_sum;
};

struct Requantization {
  float lo, hi;  // for codes: less y_zero
  int32_t y_zero;
};

// A block of pixels by a block of panels.
struct TileJob {
  Block block;
  const uint8_t* codes;  // of the block's first panel and the phase's first tap
  int64_t panel_bytes;
  int64_t tap_chunks;  // of 4 columns
  ChannelTerms channels;
  PixelTerms pixels;
  Requantization requantization;
  uint8_t** rows;         // [pixels] the first channel of the block of panels in the output
  int64_t channels_left;  // from there on
  uint16_t* widened;      // [pixels][taps * tap_chunks * 4], where a kernel gathers windows so
};

// Part of a job: kPixels pixels by kPanels panels. Beyond the block's pixels its last one is repeated.
struct TilePlace {
  int64_t panel;  // in the block
  int64_t pixel;
  int64_t pixels;  // to be stored
};

QN_INLINE const uint8_t* tile_codes(const TileJob& job, const TilePlace& place) {
  return job.codes + place.panel * job.panel_bytes;
}

QN_INLINE void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }

// Asks for the lines of a tile's results, which the sums' time brings: stores that miss are what floats take
// longest.
template <Output kOutput, int kPixels, int kPanels>
QN_INLINE void prefetch_results(const TileJob& job, const TilePlace& place) {
  if (kOutput == Output::codes) return;
  const int64_t offset = place.panel * kPanelRows * 4;
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    const uint8_t* row = job.rows[place.pixel + i] + offset;
    QN_UNROLL for (int p = 0; p < kPanels; ++p) prefetch(row + p * kPanelRows * 4);
  }
}

}  // namespace
}  // namespace qn
