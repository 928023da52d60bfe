// depthwise_conv2d with M = 1, a vector lane a channel. The including file defines Vec (kVec channels) and
// load, load_first, prefetch, store, store_first, fma, clamp, broadcast_vec.
//
// kTile neighbouring outputs of a row are summed in registers at once: an input vector is loaded once for all
// the outputs of the tile that it goes into, and a row of weights stays in registers. A 3x3 window with
// stride 1 needs 3 * (8 + 2 + 3) loads for 72 multiply-adds.
#pragma once

#include "native/elementwise/apply_fused.h"
#include "native/kernels/depthwise/depthwise.h"
#include "native/kernels/depthwise/float_rows.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

inline constexpr int kTile = 8;

template <bool kWhole>
QN_INLINE Vec load_lanes(const float* p, int64_t n) {
  if constexpr (kWhole) return load(p);
  return load_first(p, n);
}

// The cell's channels go into each output of the tile whose window has it: cell `column` of the tile is tap
// column - j * kStride of output j. The loop goes over the taps, not over the outputs with a test of the tap:
// GCC 12 at -O3 drops an output's first product there where the loops are not unrolled by pragma (its value
// range propagation: -fno-tree-vrp cures it).
template <int kWidth, int kStride, int kPixels>
QN_INLINE void add_cell(Vec x, const Vec (&weight)[kWidth], int column, Vec (&sum)[kPixels]) {
  QN_UNROLL for (int tap = 0; tap < kWidth; tap++) {
    const int step = column - tap, j = step / kStride;
    if (step >= 0 && step % kStride == 0 && j < kPixels) sum[j] = fma(x, weight[tap], sum[j]);
  }
}

// Adds one row of the window, of kWidth taps without dilation. `line` is the input row, `cell` the tile's
// first cell in it. kEdge: the tile may reach into the padding.
template <int kWidth, int kStride, int kPixels, bool kEdge, bool kWhole>
QN_INLINE void add_row(const DepthwiseLayer& layer, const float* line, int64_t cell, const float* weight,
                       int64_t n, Vec (&sum)[kPixels]) {
  Vec taps[kWidth];
  QN_UNROLL for (int t = 0; t < kWidth; t++) {
    taps[t] = load_lanes<kWhole>(weight, n);
    QN_STEP_BY(weight, layer.weight_step);
  }
  const float* x = line + cell * layer.x_step;
  constexpr int kCells = (kPixels - 1) * kStride + kWidth;
  QN_UNROLL_32 for (int column = 0; column < kCells; column++) {
    if (!kEdge || (cell + column >= 0 && cell + column < layer.w.inputs)) {
      Vec cell_values = load_lanes<kWhole>(x, n);
      QN_IN_REGISTER(cell_values);
      add_cell<kWidth, kStride>(cell_values, taps, column, sum);
    }
    QN_STEP_BY(x, layer.x_step);
  }
}

// Any window.
template <int kPixels, bool kEdge, bool kWhole>
QN_INLINE void add_row_of_any(const DepthwiseLayer& layer, const float* line, int64_t cell,
                              const float* weight, int64_t n, Vec (&sum)[kPixels]) {
  for (int64_t t = 0; t < layer.w.taps; t++) {
    const Vec tap = load_lanes<kWhole>(weight + t * layer.weight_step, n);
    QN_UNROLL for (int j = 0; j < kPixels; j++) {
      const int64_t from = cell + j * layer.w.stride + t * layer.w.dilation;
      if (kEdge && (from < 0 || from >= layer.w.inputs)) continue;
      sum[j] = fma(load_lanes<kWhole>(line + from * layer.x_step, n), tap, sum[j]);
    }
  }
}

// What the outputs of one row read, from the first row of the window that is no padding on.
struct FloatRow {
  const float* x;
  const float* x_end;  // behind the last row that is kept: the first one follows
  int64_t x_size;
  const float* weight;
  int64_t window_rows;
  int64_t x_line, weight_line;  // from one row of the window to the next
  float* y;
};

inline FloatRow row_of(const DepthwiseLayer& layer, int64_t row, float* y) {
  const TapRange taps = taps_inside(layer.h, row);
  const int64_t line = first_cell(layer.h, row) + taps.begin * layer.h.dilation;
  const int64_t kept = taps.begin < taps.end ? line % layer.x_rows : 0;
  const int64_t x_line = layer.w.inputs * layer.x_step, weight_line = layer.w.taps * layer.weight_step;
  const int64_t x_size = layer.x_rows * x_line;
  return {layer.x + kept * x_line,
          layer.x + x_size,
          x_size,
          layer.weight + taps.begin * weight_line,
          taps.end - taps.begin,
          x_line * layer.h.dilation,
          weight_line,
          y};
}

// n channels from c on of the kPixels outputs from `column` on. kWidth 0: any window.
template <int kWidth, int kStride, int kPixels, bool kEdge, bool kWhole>
QN_INLINE void compute_tile(const DepthwiseLayer& layer, const FloatRow& row, int64_t column, int64_t c,
                            int64_t n) {
  Vec sum[kPixels];
  const Vec bias = load_lanes<kWhole>(layer.bias + c, n);
  float* y = row.y + column * layer.y_step + c;
  const float* ahead = y;
  QN_UNROLL for (int j = 0; j < kPixels; j++) {
    // Has the result's lines there when the sums are done.
    prefetch(ahead);
    QN_STEP_BY(ahead, layer.y_step);
    sum[j] = bias;
  }
  const int64_t cell = first_cell(layer.w, column);
  const float* x = row.x + c;
  const float* weight = row.weight + c;
  for (int64_t ky = 0; ky < row.window_rows; ky++) {
    if constexpr (kWidth == 0) {
      add_row_of_any<kPixels, kEdge, kWhole>(layer, x, cell, weight, n, sum);
    } else {
      add_row<kWidth, kStride, kPixels, kEdge, kWhole>(layer, x, cell, weight, n, sum);
    }
    x += row.x_line;
    if (x - c >= row.x_end) x -= row.x_size;
    weight += row.weight_line;
  }
  const Vec lo = broadcast_vec(layer.lo), hi = broadcast_vec(layer.hi);
  QN_UNROLL for (int j = 0; j < kPixels; j++) {
    const Vec result = clamp(sum[j], lo, hi);
    if constexpr (kWhole) {
      store(y, result);
    } else {
      store_first(y, n, result);
    }
    QN_STEP_BY(y, layer.y_step);
  }
}

// The channels [begin, end) of a tile.
template <int kWidth, int kStride, int kPixels, bool kEdge>
QN_NOINLINE void compute_channels(const DepthwiseLayer& layer, const FloatRow& row, int64_t column,
                                  int64_t begin, int64_t end) {
  int64_t c = begin;
  for (; c + kVec <= end; c += kVec) {
    compute_tile<kWidth, kStride, kPixels, kEdge, true>(layer, row, column, c, kVec);
  }
  if (c < end) compute_tile<kWidth, kStride, kPixels, true, false>(layer, row, column, c, end - c);
}

// Computes a tile that fits in the rest of the row and returns its width.
template <int kWidth, int kStride>
inline int64_t compute_next(const DepthwiseLayer& layer, const FloatRow& row, int64_t column, int64_t begin,
                            int64_t end) {
  const int64_t rest = layer.w.outputs - column;
  if (rest >= kTile) {
    const int64_t last = first_cell(layer.w, column + kTile - 1) + (layer.w.taps - 1) * layer.w.dilation;
    if (first_cell(layer.w, column) >= 0 && last < layer.w.inputs) {
      compute_channels<kWidth, kStride, kTile, false>(layer, row, column, begin, end);
    } else {
      compute_channels<kWidth, kStride, kTile, true>(layer, row, column, begin, end);
    }
    return kTile;
  }
  if (rest >= 4) {
    compute_channels<kWidth, kStride, 4, true>(layer, row, column, begin, end);
    return 4;
  }
  if (rest >= 2) {
    compute_channels<kWidth, kStride, 2, true>(layer, row, column, begin, end);
    return 2;
  }
  compute_channels<kWidth, kStride, 1, true>(layer, row, column, begin, end);
  return 1;
}

// The channels [begin, end) of a row; finish(column, pixels) follows each tile.
template <int kWidth, int kStride, class Finish>
inline void compute_row(const DepthwiseLayer& layer, const FloatRow& row, int64_t begin, int64_t end,
                        const Finish& finish) {
  int64_t column = 0;
  while (column < layer.w.outputs) {
    const int64_t pixels = compute_next<kWidth, kStride>(layer, row, column, begin, end);
    finish(column, pixels);
    column += pixels;
  }
}

template <class Finish>
inline void compute_row(const DepthwiseLayer& layer, const FloatRow& row, int64_t begin, int64_t end,
                        const Finish& finish) {
  const int64_t taps = layer.w.dilation == 1 ? layer.w.taps : 0, stride = layer.w.stride;
  if (taps == 3 && stride == 1) {
    compute_row<3, 1>(layer, row, begin, end, finish);
  } else if (taps == 3 && stride == 2) {
    compute_row<3, 2>(layer, row, begin, end, finish);
  } else if (taps == 5 && stride == 1) {
    compute_row<5, 1>(layer, row, begin, end, finish);
  } else if (taps == 5 && stride == 2) {
    compute_row<5, 2>(layer, row, begin, end, finish);
  } else {
    compute_row<0, 0>(layer, row, begin, end, finish);
  }
}

// Item i, row after row and not, as codes are, channels after channels: so the layers before and after go
// too, and what a thread reads it has mostly written itself.
inline DepthwiseItem float_item(const Call& call, int64_t i) {
  const int64_t slices = (call.out[0].dim[3] + kDepthwiseFloatChannels - 1) / kDepthwiseFloatChannels;
  const int64_t of_slice = depthwise_items(call, kDepthwiseFloatChannels) / slices;
  return depthwise_item(call, i % slices * of_slice + i / slices, kDepthwiseFloatChannels);
}

inline void compute_items(const Call& call, int64_t begin, int64_t end,
                          void (*apply_fused)(const Call&, const FusedTile&)) {
  const View &x = call.in[kDepthwiseX], &y = call.out[0];
  DepthwiseLayer layer{nullptr,
                       x.dim[1],
                       static_cast<const float*>(call.in[kDepthwiseWeight].data),
                       static_cast<const float*>(call.in[kDepthwiseBias].data),
                       x.stride,
                       y.stride,
                       call.in[kDepthwiseWeight].stride,
                       depthwise_axis(call, 0),
                       depthwise_axis(call, 1),
                       static_cast<float>(call.attribute[kDepthwiseLo]),
                       static_cast<float>(call.attribute[kDepthwiseHi])};
  for (int64_t i = begin; i < end; i++) {
    const DepthwiseItem item = float_item(call, i);
    const int64_t channels = item.channel_end - item.channel_begin;
    layer.x = static_cast<const float*>(x.data) + item.image * x.dim[1] * x.dim[2] * x.stride;
    for (int64_t r = item.row_begin; r < item.row_end; r++) {
      const int64_t first = (item.image * y.dim[1] + r) * y.dim[2];
      float* const to = static_cast<float*>(y.data) + first * y.stride;
      compute_row(layer, row_of(layer, r, to), item.channel_begin, item.channel_end,
                  [&](int64_t column, int64_t pixels) {
                    apply_fused(call, {first + column, pixels, 1, item.channel_begin, channels});
                  });
    }
  }
}

// Some channels at a time, as an item has.
inline void compute_whole_row(const DepthwiseLayer& layer, int64_t row, int64_t channels, float* y) {
  const FloatRow of_row = row_of(layer, row, y);
  for (int64_t c = 0; c < channels; c += kDepthwiseFloatChannels) {
    const int64_t end = c + kDepthwiseFloatChannels < channels ? c + kDepthwiseFloatChannels : channels;
    compute_row(layer, of_row, c, end, [](int64_t, int64_t) {});
  }
}

}  // namespace
}  // namespace qn
