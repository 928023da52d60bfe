// Convolutions of float32, written once for AVX2 and AVX-512: float_avx2.cc and float_avx512.cc include their
// codes (native/panels/codes_*.h), define the following, and then include this.
//
//   kTilePixels, kTilePanels   the register tile; kTilePanels is 1 or 2
//   kTileColumns               columns that an iteration of the tile's loop takes
//   apply_fused(call, tile)    native/elementwise/apply_fused.h
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/convolution/float_convolution.h"
#include "native/kernels/convolution/float_rows.h"
#include "native/kernels/convolution/float_tile.h"
#include "native/panels/decode.h"

namespace qn {
namespace {

struct Bounds {
  float lo, hi;
};

inline bool unbounded(Bounds b) { return b.lo == -infinity() && b.hi == infinity(); }

// Some pixels by some pairs of panels.
struct Block {
  int64_t pixel, pixels;
  int64_t pair, pair_end;
};

// The fused steps on channels of a block. The pixels of one row of outputs are c.w.spacing rows of the result
// apart; all follow each other unless this is a phase of a transposed convolution.
inline void finish_block(const Call& call, const Convolution& c, const Rows& r, int64_t pixel,
                         int64_t channel, int64_t channels) {
  if (call.fused_steps == 0) return;
  const bool dense = c.w.spacing == 1 && c.h.spacing == 1;
  for (int64_t i = 0; i < r.pixels;) {
    const int64_t of_row = c.w.outputs - (pixel + i) % c.w.outputs;
    const int64_t pixels = dense ? r.pixels : least(of_row, r.pixels - i);
    apply_fused(call, {r.result[i], pixels, c.w.spacing, channel, channels});
    i += pixels;
  }
}

inline void compute_tiles(const TileCall& tile_call, int panels, const Rows& r) {
  for (int64_t tile = 0; tile < r.tiles; tile++) {
    const int64_t first = first_of_tile(r, tile), pixels = first_of_tile(r, tile + 1) - first;
    const ComputeTile compute =
        panels == 1 ? compute_tile_of<1>(pixels) : compute_tile_of<kTilePanels>(pixels);
    compute(tile_call, r.rows[0] + first, r.result + first);
  }
}

// A slice's columns [column, column_end) of a panel as floats.
inline const float* weights_of(const Weight& w, int64_t panel, int64_t column, int64_t column_end,
                               float* to) {
  if (w.format == WeightFormat::f32) {
    return reinterpret_cast<const float*>(w.codes + panel * w.panel_bytes) + column * kPanelRows;
  }
  const int64_t step = column % kGreatestStepColumns;
  dequantize(w, panel, column - step, column_end, to);
  return to + step * kPanelRows;
}

// Columns [column, end) of a convolution's, its first or last or not.
struct Slice {
  int64_t column, end;
  bool first, last;
};

// The block whose rows are found by one tile's width of panels. `ahead`: see TileCall.
inline void compute_panels(const Call& call, const Convolution& c, Bounds bounds, const Slice& slice,
                           int64_t panel, int panels, int64_t ahead, Scratch& scratch) {
  const Weight& w = *call.in[1].weight;
  const View& y = call.out[0];
  const Rows& r = scratch.rows;
  const int64_t channel = panel * kPanelRows;
  TileCall tile_call{{},
                     {},
                     r.columns,
                     r.runs,
                     slice.first,
                     slice.last && !unbounded(bounds),
                     static_cast<float*>(y.data) + channel,
                     y.stride,
                     static_cast<const float*>(call.in[2].data) + channel,
                     bounds.lo,
                     bounds.hi,
                     ahead};
  const int64_t of_weight = c.first_tap * c.in_channels;
  for (int p = 0; p < panels; p++) {
    tile_call.weights[p] =
        weights_of(w, panel + p, of_weight + slice.column, of_weight + slice.end, scratch.weights[p]);
    tile_call.channels[p] = least(kPanelRows, w.rows - channel - p * kPanelRows);
  }
  compute_tiles(tile_call, panels, r);
}

inline void compute_block(const Call& call, const Convolution& c, Bounds bounds, const Block& block,
                          Scratch& scratch) {
  const Weight& w = *call.in[1].weight;
  Rows& r = scratch.rows;
  place_pixels(c, call.out[0], block.pixel, block.pixels, r);
  const int64_t columns = taps_of(c) * c.in_channels;
  // A phase may have no columns: then one empty slice stores the bias.
  const int64_t slices = columns == 0 ? 1 : ceil_div(columns, slice_columns(r.run_taps * c.in_channels));
  const int64_t panel_begin = block.pair * kPairPanels;
  const int64_t panel_end = least(block.pair_end * kPairPanels, w.panels);
  for (int64_t i = 0; i < slices; i++) {
    const Slice slice{columns * i / slices, columns * (i + 1) / slices, i == 0, i == slices - 1};
    find_rows(c, slice.column, slice.end, scratch);
    for (int64_t panel = panel_begin; panel < panel_end; panel += kTilePanels) {
      const int panels = static_cast<int>(least(kTilePanels, panel_end - panel));
      // The first panels bring the input into the cache for the others.
      const bool fetch = panel == panel_begin && !r.gathered;
      const int64_t ahead = fetch ? kTilePixels * c.w.stride * r.x_stride : 0;
      compute_panels(call, c, bounds, slice, panel, panels, ahead, scratch);
      if (slice.last) {
        const int64_t channel = panel * kPanelRows;
        finish_block(call, c, r, block.pixel, channel, least(panels * kPanelRows, w.rows - channel));
      }
    }
  }
}

// Items [begin, end) of one convolution.
inline void convolve(const Call& call, const Convolution& c, Bounds bounds, int64_t begin, int64_t end,
                     Scratch& scratch) {
  start_rows(c, call.in[0], scratch);
  const int64_t pixels = pixels_of(c), pairs = pairs_of(*call.in[1].weight);
  const int64_t units = ceil_div(pixels, kUnitPixels);
  for (int64_t item = begin; item < end;) {
    const int64_t first = item / (kBlockUnits * pairs) * kBlockUnits;  // unit of the block
    const int64_t block_units = least(kBlockUnits, units - first);
    const int64_t pair = (item - first * pairs) / block_units, unit = (item - first * pairs) % block_units;
    // The rest of a pair, or as many whole ones as there are.
    const bool whole = unit == 0 && end - item >= block_units;
    const int64_t taken_pairs = whole ? least(pairs - pair, (end - item) / block_units) : 1;
    const int64_t taken_units = whole ? block_units : least(block_units - unit, end - item);
    const int64_t pixel = (first + unit) * kUnitPixels;
    const Block block{pixel, least(taken_units * kUnitPixels, pixels - pixel), pair, pair + taken_pairs};
    compute_block(call, c, bounds, block, scratch);
    item += taken_pairs * taken_units;
  }
}

inline void conv2d(const Call& call, int64_t begin, int64_t end, void* scratch) {
  const Bounds bounds{static_cast<float>(call.attribute[kConv2dLo]),
                      static_cast<float>(call.attribute[kConv2dHi])};
  convolve(call, convolution_of(call), bounds, begin, end, *static_cast<Scratch*>(scratch));
}

// The items of the phases one after the other.
inline void transpose_conv2d(const Call& call, int64_t begin, int64_t end, void* scratch) {
  const Bounds bounds{static_cast<float>(call.attribute[kTransposeConv2dLo]),
                      static_cast<float>(call.attribute[kTransposeConv2dHi])};
  int64_t first = 0;
  for (int64_t phase = 0; phase < transposed_phases(call) && first < end; phase++) {
    const Convolution c = transposed_phase_of(call, phase);
    const int64_t items = convolution_items(c, *call.in[1].weight);
    const int64_t from = begin > first ? begin - first : 0, to = least(items, end - first);
    if (from < to) convolve(call, c, bounds, from, to, *static_cast<Scratch*>(scratch));
    first += items;
  }
}

}  // namespace
}  // namespace qn
