// depthwise_conv2d with M = 1, a vector lane a channel. The including file defines Vec (kVec channels) and
// load, load_first, store, store_first, fma, clamp, zero_vec.
//
// kTile neighbouring outputs of a row are summed in registers at once: an input vector is loaded once for all
// the outputs of the tile that it goes into, and a row of weights stays in registers. A 3x3 window with
// stride 1 needs 3 * (8 + 2 + 3) loads for 72 multiply-adds.
#pragma once

#include "native/elementwise/apply_fused.h"
#include "native/kernels/depthwise/depthwise.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

inline constexpr int kTile = 8;

struct FloatLayer {
  const float* x;  // of the item's image
  float* y;
  const float* weight;
  const float* bias;
  int64_t x_step, y_step, weight_step;  // from pixel to pixel, from tap to tap
  WindowAxis h, w;
  Vec lo, hi;
};

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
QN_INLINE void add_row(const FloatLayer& layer, const float* line, int64_t cell, const float* weight,
                       int64_t n, Vec (&sum)[kPixels]) {
  Vec taps[kWidth];
  QN_UNROLL for (int t = 0; t < kWidth; t++) {
    taps[t] = load_lanes<kWhole>(weight + t * layer.weight_step, n);
  }
  const float* x = line + cell * layer.x_step;
  constexpr int kCells = (kPixels - 1) * kStride + kWidth;
  QN_UNROLL_32 for (int column = 0; column < kCells; column++) {
    if (kEdge && (cell + column < 0 || cell + column >= layer.w.inputs)) continue;
    Vec cell_values = load_lanes<kWhole>(x + column * layer.x_step, n);
    QN_IN_REGISTER(cell_values);
    add_cell<kWidth, kStride>(cell_values, taps, column, sum);
  }
}

// Any window.
template <int kPixels, bool kEdge, bool kWhole>
QN_INLINE void add_row_of_any(const FloatLayer& layer, const float* line, int64_t cell, const float* weight,
                              int64_t n, Vec (&sum)[kPixels]) {
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
  const float* weight;
  int64_t window_rows;
  int64_t x_line, weight_line;  // from one row of the window to the next
  float* y;
};

inline FloatRow row_of(const FloatLayer& layer, int64_t row) {
  const TapRange taps = taps_inside(layer.h, row);
  const int64_t line = first_cell(layer.h, row) + taps.begin * layer.h.dilation;
  const int64_t x_line = layer.w.inputs * layer.x_step, weight_line = layer.w.taps * layer.weight_step;
  return {layer.x + line * x_line,
          layer.weight + taps.begin * weight_line,
          taps.end - taps.begin,
          x_line * layer.h.dilation,
          weight_line,
          layer.y + row * layer.w.outputs * layer.y_step};
}

// n channels from c on of the kPixels outputs from `column` on. kWidth 0: any window.
template <int kWidth, int kStride, int kPixels, bool kEdge, bool kWhole>
QN_INLINE void compute_tile(const FloatLayer& layer, const FloatRow& row, int64_t column, int64_t c,
                            int64_t n) {
  Vec sum[kPixels];
  const Vec bias = load_lanes<kWhole>(layer.bias + c, n);
  QN_UNROLL for (int j = 0; j < kPixels; j++) sum[j] = bias;
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
    weight += row.weight_line;
  }
  float* y = row.y + column * layer.y_step + c;
  QN_UNROLL for (int j = 0; j < kPixels; j++) {
    const Vec result = clamp(sum[j], layer.lo, layer.hi);
    if constexpr (kWhole) {
      store(y + j * layer.y_step, result);
    } else {
      store_first(y + j * layer.y_step, n, result);
    }
  }
}

// The channels [begin, end) of a tile.
template <int kWidth, int kStride, int kPixels, bool kEdge>
QN_NOINLINE void compute_channels(const FloatLayer& layer, const FloatRow& row, int64_t column, int64_t begin,
                                  int64_t end) {
  int64_t c = begin;
  for (; c + kVec <= end; c += kVec) {
    compute_tile<kWidth, kStride, kPixels, kEdge, true>(layer, row, column, c, kVec);
  }
  if (c < end) compute_tile<kWidth, kStride, kPixels, true, false>(layer, row, column, c, end - c);
}

// Computes a tile that fits in the rest of the row and returns its width.
template <int kWidth, int kStride>
inline int64_t compute_next(const FloatLayer& layer, const FloatRow& row, int64_t column, int64_t begin,
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

template <int kWidth, int kStride>
inline void compute_item(const Call& call, const FloatLayer& layer, const DepthwiseItem& item,
                         void (*apply_fused)(const Call&, const FusedTile&)) {
  const int64_t begin = item.channel_begin, end = item.channel_end;
  for (int64_t r = item.row_begin; r < item.row_end; r++) {
    const FloatRow row = row_of(layer, r);
    int64_t column = 0;
    while (column < layer.w.outputs) {
      const int64_t pixels = compute_next<kWidth, kStride>(layer, row, column, begin, end);
      const int64_t first = (item.image * layer.h.outputs + r) * layer.w.outputs + column;
      apply_fused(call, {first, pixels, 1, begin, end - begin});
      column += pixels;
    }
  }
}

inline void compute_items(const Call& call, int64_t begin, int64_t end,
                          void (*apply_fused)(const Call&, const FusedTile&)) {
  const View &x = call.in[kDepthwiseX], &y = call.out[0];
  FloatLayer layer{};
  layer.weight = static_cast<const float*>(call.in[kDepthwiseWeight].data);
  layer.bias = static_cast<const float*>(call.in[kDepthwiseBias].data);
  layer.x_step = x.stride;
  layer.y_step = y.stride;
  layer.weight_step = call.in[kDepthwiseWeight].stride;
  layer.h = depthwise_axis(call, 0);
  layer.w = depthwise_axis(call, 1);
  layer.lo = broadcast_vec(static_cast<float>(call.attribute[kDepthwiseLo]));
  layer.hi = broadcast_vec(static_cast<float>(call.attribute[kDepthwiseHi]));
  const bool dense = layer.w.dilation == 1;
  for (int64_t i = begin; i < end; i++) {
    const DepthwiseItem item = depthwise_item(call, i, kDepthwiseFloatChannels);
    layer.x = static_cast<const float*>(x.data) + item.image * x.dim[1] * x.dim[2] * x.stride;
    layer.y = static_cast<float*>(y.data) + item.image * y.dim[1] * y.dim[2] * y.stride;
    if (dense && layer.w.taps == 3 && layer.w.stride == 1) {
      compute_item<3, 1>(call, layer, item, apply_fused);
    } else if (dense && layer.w.taps == 3 && layer.w.stride == 2) {
      compute_item<3, 2>(call, layer, item, apply_fused);
    } else if (dense && layer.w.taps == 5 && layer.w.stride == 1) {
      compute_item<5, 1>(call, layer, item, apply_fused);
    } else if (dense && layer.w.taps == 5 && layer.w.stride == 2) {
      compute_item<5, 2>(call, layer, item, apply_fused);
    } else {
      compute_item<0, 0>(call, layer, item, apply_fused);
    }
  }
}

}  // namespace
}  // namespace qn
