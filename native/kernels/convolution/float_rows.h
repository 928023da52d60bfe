// The rows of input that a block of output pixels reads: convolution by indirection (Dukhan, The Indirect
// Convolution Algorithm, 2019). A tile of pixels multiplies a run of the weight's columns with one row of
// floats a pixel, wherever in the input it lies, or a row of zeros for padding.
//
// Where that would be slow, a slice of each pixel's whole window is gathered into one row first: when a tap
// is only a few floats, and when the rows of neighbouring pixels compete for the same sets of the cache. Of
// few channels the taps of a row of the window are one run, if they lie in one piece, and only windows that
// meet the padding are gathered.
//
// Include lanes_*.h first, and define kTilePixels.
#pragma once

#include "native/kernels/convolution/float_scratch.h"
#include "native/kernels/convolution/geometry.h"

namespace qn {
namespace {

// Rows of x this far apart lie in the same set of an L1 cache of 8 ways of 4 KiB (1x1 of 1024 channels: 12
// rows a tile are 10 % faster gathered, 6 are slower).
constexpr int64_t kCacheWays = 8;
constexpr int64_t kCacheWayBytes = 4096;
// Taps of fewer channels are no runs of their own: starting a run costs a tile about as much as two columns.
constexpr int64_t kFewChannels = 32;

inline void start_rows(const Convolution& c, const View& x, Scratch& s) {
  Rows& r = s.rows;
  r.x = static_cast<const float*>(x.data);
  r.x_stride = x.stride;
  const int64_t step_bytes = c.w.stride * x.stride * static_cast<int64_t>(sizeof(float));
  const bool compete = kTilePixels > kCacheWays && step_bytes % kCacheWayBytes == 0 && c.w.outputs > 1;
  r.gathered = compete || (c.in_channels < kFewChannels && taps_of(c) > 1);
  // The taps of a row of the window may lie in one piece of the input.
  r.run_taps = r.gathered && c.w.tap_step == 1 && x.stride == c.in_channels ? c.w.taps : 1;
  r.in_place = r.run_taps > 1 && !compete;
  for (float& zero : s.zeros) zero = 0;
}

// Output pixels [first, first + pixels) of those of the convolution, row by row.
inline void place_pixels(const Convolution& c, const View& y, int64_t first, int64_t pixels, Rows& r) {
  r.pixels = pixels;
  r.tiles = ceil_div(pixels, kTilePixels);
  for (int64_t i = 0; i < pixels;) {
    const int64_t q = (first + i) % c.w.outputs;
    const int64_t p = (first + i) / c.w.outputs % c.h.outputs;
    const int64_t n = (first + i) / c.w.outputs / c.h.outputs;
    const int64_t result = (n * y.dim[1] + output_cell(c.h, p)) * y.dim[2] + output_cell(c.w, q);
    const int64_t cell_h = input_cell(c.h, p, 0), cell_w = input_cell(c.w, q, 0);
    const int64_t offset = ((n * c.h.inputs + cell_h) * c.w.inputs + cell_w) * r.x_stride;
    const int64_t of_row = least(c.w.outputs - q, pixels - i);
    for (int64_t j = 0; j < of_row; j++) {
      r.result[i + j] = result + j * c.w.spacing;
      r.cell_h[i + j] = cell_h;
      r.cell_w[i + j] = cell_w + j * c.w.stride;
      r.offset[i + j] = offset + j * c.w.stride * r.x_stride;
    }
    i += of_row;
  }
}

// Tiles are as even as can be.
inline int64_t first_of_tile(const Rows& r, int64_t tile) { return r.pixels * tile / r.tiles; }

// A run's columns [column, column + columns) of those of its taps. Relative to the cell of tap 0, its first
// tap is cell (h, w), `offset` floats away.
struct Run {
  int64_t h, w, offset;
  int64_t column, columns;
};

// Columns of a slice, where a run has `run_columns`: a slice may begin inside one.
inline int64_t slice_columns(int64_t run_columns) {
  return least((kSliceRuns - 1) * run_columns, kSliceColumns);
}

// The runs of the convolution's columns [column, column_end); returns their number.
inline int64_t find_runs(const Convolution& c, const Rows& r, int64_t column, int64_t column_end, Run* runs) {
  const int64_t run_columns = r.run_taps * c.in_channels, row_runs = c.w.taps / r.run_taps;
  int64_t count = 0;
  for (int64_t k = column; k < column_end; count++) {
    const int64_t h = k / run_columns / row_runs * c.h.tap_step;
    const int64_t w = k / run_columns % row_runs * c.w.tap_step;
    const int64_t within = k % run_columns, columns = least(run_columns - within, column_end - k);
    runs[count] = {h, w, (h * c.w.inputs + w) * r.x_stride + within, within, columns};
    k += columns;
  }
  return count;
}

// The pixels' rows for a run of one tap.
inline void find_run_rows(const Convolution& c, const Scratch& s, const Run& run, const float** rows) {
  const Rows& r = s.rows;
  const uint64_t heights = static_cast<uint64_t>(c.h.inputs), widths = static_cast<uint64_t>(c.w.inputs);
  const float* first = r.x + run.offset;
  for (int64_t i = 0; i < r.pixels; i++) {
    const uint64_t h = static_cast<uint64_t>(r.cell_h[i] + run.h);
    const uint64_t w = static_cast<uint64_t>(r.cell_w[i] + run.w);
    const float* row = first + r.offset[i];
    rows[i] = (h < heights) & (w < widths) ? row : s.zeros;
  }
}

// `columns` floats, and up to kCopyExcess more are read and written.
QN_INLINE void copy_floats(const float* from, int64_t columns, float* to) {
  for (int64_t k = 0; k < columns; k += 16) store(to + k, load(from + k));
}

// A run of pixel i's window, which may lie in the padding: tap by tap.
inline void gather_padded(const Convolution& c, const Scratch& s, const Run& run, int64_t i, float* to) {
  const Rows& r = s.rows;
  const bool above_or_below = is_padding(c.h, r.cell_h[i] + run.h);
  for (int64_t k = 0; k < run.columns;) {
    const int64_t tap = (run.column + k) / c.in_channels, tap_end = (tap + 1) * c.in_channels - run.column;
    const int64_t columns = least(tap_end, run.columns) - k;
    const bool padding = above_or_below || is_padding(c.w, r.cell_w[i] + run.w + tap);
    copy_floats(padding ? s.zeros : r.x + r.offset[i] + run.offset + k, columns, to + k);
    k += columns;
  }
}

// Whether a pixel's window reaches from cell `begin` into the padding.
QN_INLINE bool meets_padding(const ConvolutionAxis& axis, int64_t begin) {
  return is_padding(axis, begin) || is_padding(axis, begin + (axis.taps - 1) * axis.tap_step);
}

// The runs of pixel i's window in one row. What copying a tap or a run writes too much the next one
// overwrites.
inline const float* gather(const Convolution& c, const Scratch& s, const Run* runs, int64_t count, int64_t i,
                           float* const row) {
  const Rows& r = s.rows;
  float* to = row;
  if (meets_padding(c.h, r.cell_h[i]) || meets_padding(c.w, r.cell_w[i])) {
    for (const Run* run = runs; run != runs + count; to += run++->columns) gather_padded(c, s, *run, i, to);
  } else {
    const float* from = r.x + r.offset[i];
    for (const Run* run = runs; run != runs + count; to += run++->columns) {
      copy_floats(from + run->offset, run->columns, to);
    }
  }
  return row;
}

// The rows of pixel i for runs of some taps: where they are, unless some of them are padding.
inline void find_pixel_rows(const Convolution& c, Scratch& s, const Run* runs, int64_t count, int64_t i,
                            float* const to) {
  Rows& r = s.rows;
  if (meets_padding(c.h, r.cell_h[i]) || meets_padding(c.w, r.cell_w[i])) {
    const float* row = gather(c, s, runs, count, i, to);
    for (int64_t run = 0; run < count; row += runs[run++].columns) r.rows[run][i] = row;
  } else {
    const float* row = r.x + r.offset[i];
    for (int64_t run = 0; run < count; run++) r.rows[run][i] = row + runs[run].offset;
  }
}

// The block's rows for the convolution's columns [column, column_end).
inline void find_rows(const Convolution& c, int64_t column, int64_t column_end, Scratch& s) {
  Rows& r = s.rows;
  Run runs[kSliceRuns];
  const int64_t count = find_runs(c, r, column, column_end, runs);
  const int64_t stride = (ceil_div(column_end - column + kCopyExcess, 16) | 1) * 16;
  if (r.in_place) {
    r.runs = count;
    for (int64_t run = 0; run < count; run++) r.columns[run] = runs[run].columns;
    for (int64_t i = 0; i < r.pixels; i++) find_pixel_rows(c, s, runs, count, i, s.gathered + i * stride);
    return;
  }
  if (r.gathered) {
    r.runs = 1;
    r.columns[0] = column_end - column;
    for (int64_t i = 0; i < r.pixels; i++)
      r.rows[0][i] = gather(c, s, runs, count, i, s.gathered + i * stride);
    return;
  }
  r.runs = count;
  for (int64_t run = 0; run < count; run++) {
    r.columns[run] = runs[run].columns;
    find_run_rows(c, s, runs[run], r.rows[run]);
  }
}

}  // namespace
}  // namespace qn
