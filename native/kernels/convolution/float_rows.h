// The rows of input that a block of output pixels reads: convolution by indirection (Dukhan, The Indirect
// Convolution Algorithm, 2019). A tile of pixels multiplies a run of the weight's columns with one row of
// floats a pixel, wherever in the input it lies, or a row of zeros for padding.
//
// Include lanes_*.h first, and define kTilePixels.
#pragma once

#include "native/kernels/convolution/float_scratch.h"
#include "native/kernels/convolution/geometry.h"

namespace qn {
namespace {

// Rows of x this far apart compete for the same sets of an L1 cache of 4 KiB a way.
constexpr int64_t kCacheWayBytes = 4096;
// Taps of fewer channels make runs of a whole row of the kernel, where these lie in one piece.
constexpr int64_t kFewChannels = 64;

inline void start_rows(const Convolution& c, const View& x, Scratch& s) {
  Rows& r = s.rows;
  r.x = static_cast<const float*>(x.data);
  r.x_stride = x.stride;
  const bool one_piece = c.w.tap_step == 1 && x.stride == c.in_channels;
  r.run_taps = one_piece && c.in_channels < kFewChannels ? c.w.taps : 1;
  const int64_t step_bytes = c.w.stride * x.stride * static_cast<int64_t>(sizeof(float));
  r.copied = step_bytes % kCacheWayBytes == 0 && c.w.outputs > 1;
  for (float& zero : s.zeros) zero = 0;
}

// Output pixels [first, first + pixels) of those of the convolution.
inline void place_pixels(const Convolution& c, const View& y, int64_t first, int64_t pixels, Rows& r) {
  r.pixels = pixels;
  r.tiles = ceil_div(pixels, kTilePixels);
  int64_t q = first % c.w.outputs;
  int64_t p = first / c.w.outputs % c.h.outputs;
  int64_t n = first / c.w.outputs / c.h.outputs;
  for (int64_t i = 0; i < pixels; i++) {
    r.result[i] = (n * y.dim[1] + output_cell(c.h, p)) * y.dim[2] + output_cell(c.w, q);
    r.cell_h[i] = input_cell(c.h, p, 0);
    r.cell_w[i] = input_cell(c.w, q, 0);
    r.offset[i] = ((n * c.h.inputs + r.cell_h[i]) * c.w.inputs + r.cell_w[i]) * r.x_stride;
    if (++q < c.w.outputs) continue;
    q = 0;
    if (++p < c.h.outputs) continue;
    p = 0;
    n++;
  }
}

// Tiles are as even as can be.
inline int64_t first_of_tile(const Rows& r, int64_t tile) { return r.pixels * tile / r.tiles; }

// Columns of a slice for a convolution whose runs have `run_columns`.
inline int64_t slice_columns(int64_t run_columns) {
  const int64_t most = (kSliceRuns - 1) * run_columns;  // a slice may begin inside a run
  return least(most, kSliceColumns);
}

// `columns` floats of pixel i's row from `column` on, where taps [tap, tap + r.run_taps) of a row of the
// kernel lie partly in the padding.
inline void copy_padded(const Convolution& c, const Rows& r, int64_t i, int64_t row_offset, int64_t column,
                        int64_t columns, float* to) {
  for (int64_t k = 0; k < columns; k++) {
    const int64_t cell = r.cell_w[i] + (column + k) / c.in_channels;
    to[k] = is_padding(c.w, cell) ? 0.0f : r.x[r.offset[i] + row_offset + column + k];
  }
}

inline void copy_row(const float* from, int64_t columns, float* to) {
  int64_t k = 0;
  for (; k + 16 <= columns; k += 16) store(to + k, load(from + k));
  for (; k < columns; k++) to[k] = from[k];
}

// A run's columns [column, column + columns) of `run_taps` taps from tap (h, w), which begin at `place` of
// the slice.
struct Run {
  int64_t h, w;
  int64_t column, columns;
  int64_t place;
};

inline const float* row_of(const Convolution& c, Scratch& s, const Run& run, int64_t i) {
  const Rows& r = s.rows;
  const int64_t h = r.cell_h[i] + run.h * c.h.tap_step;
  const int64_t first = r.cell_w[i] + run.w * c.w.tap_step, last = first + r.run_taps - 1;
  if (is_padding(c.h, h) || last < 0 || first >= c.w.inputs) return s.zeros;
  const int64_t row_offset = run.h * c.h.tap_step * c.w.inputs * r.x_stride;
  float* copy = s.copies + i * kCopyStride + run.place;
  if (first < 0 || last >= c.w.inputs) {
    copy_padded(c, r, i, row_offset, run.column, run.columns, copy);
    return copy;
  }
  const float* row = r.x + r.offset[i] + row_offset + run.w * c.w.tap_step * r.x_stride + run.column;
  if (!r.copied) return row;
  copy_row(row, run.columns, copy);
  return copy;
}

// The runs of the convolution's columns [column, column_end), and the block's rows for them.
inline void find_rows(const Convolution& c, int64_t column, int64_t column_end, Scratch& s) {
  Rows& r = s.rows;
  const int64_t run_columns = r.run_taps * c.in_channels;
  const int64_t row_runs = c.w.taps / r.run_taps;
  Run runs[kSliceRuns];
  r.runs = 0;
  for (int64_t k = column; k < column_end; r.runs++) {
    const int64_t number = k / run_columns;
    Run run{number / row_runs, number % row_runs, k % run_columns, 0, k - column};
    run.columns = least(run_columns - run.column, column_end - k);
    k += run.columns;
    r.columns[r.runs] = run.columns;
    runs[r.runs] = run;
  }
  const float** rows = r.rows;
  for (int64_t tile = 0; tile < r.tiles; tile++) {
    const int64_t first = first_of_tile(r, tile), pixels = first_of_tile(r, tile + 1) - first;
    for (int64_t number = 0; number < r.runs; number++, rows += kTilePixels) {
      for (int64_t i = 0; i < pixels; i++) rows[i] = row_of(c, s, runs[number], first + i);
    }
  }
}

}  // namespace
}  // namespace qn
