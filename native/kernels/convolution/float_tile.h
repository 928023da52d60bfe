// The register tile of the float kernels: a few output pixels by one or two panels of channels, over the runs
// of a slice of columns. Include lanes_*.h first, and define kTilePixels and kTileColumns.
#pragma once

#include "native/kernels/convolution/float_blocking.h"

namespace qn {
namespace {

// What the tiles of one slice and pair of panels share.
struct TileCall {
  const float* weights[kPairPanels];  // [columns][16]
  int64_t channels[kPairPanels];      // of each panel: 16, fewer at the end
  const int64_t* columns;             // of each run
  int64_t runs;
  bool first;    // sums start at the bias; otherwise they go on from the output
  bool clamped;  // sums become results by a clamp
  float* y;      // the pair's first channel of the result's row 0
  int64_t y_stride;
  const float* bias;  // of the pair's first channel
  float lo, hi;
  int64_t ahead;  // floats from a pixel's row to that of the next tile, to be prefetched; 0: nothing to be
};

// lo .. hi; NaN stays NaN.
QN_INLINE Lanes clamp(Lanes a, Lanes lo, Lanes hi) { return min(hi, max(lo, a)); }

// `rows` of x: [runs][kBlockPixels], from the tile's first pixel on; `result`: the pixels' rows of
// the result.
template <int kPanels, int kPixels>
void compute_tile(const TileCall& call, const float* const* rows, const int64_t* result) {
  Lanes acc[kPanels][kPixels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    float* y = call.y + p * kPanelRows;
    // Has the result's lines there when the sums are done (1x1 of 64 to 256 channels: 20 % faster).
    QN_UNROLL for (int i = 0; i < kPixels; ++i) prefetch(y + result[i] * call.y_stride);
    const Lanes bias = load_first(call.bias + p * kPanelRows, call.channels[p]);
    QN_UNROLL for (int i = 0; i < kPixels; ++i) {
      acc[p][i] = call.first ? bias : load_first(y + result[i] * call.y_stride, call.channels[p]);
    }
  }
  const float* weights[kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) weights[p] = call.weights[p];
  for (int64_t run = 0; run < call.runs; ++run, rows += kBlockPixels) {
    const float* x[kPixels];
    QN_UNROLL for (int i = 0; i < kPixels; ++i) x[i] = rows[i];
    const auto column = [&](int k) QN_LAMBDA_INLINE {
      Lanes value[kPanels];
      QN_UNROLL for (int p = 0; p < kPanels; ++p) value[p] = load(weights[p] + k * kPanelRows);
      QN_UNROLL for (int i = 0; i < kPixels; ++i) {
        const Lanes pixel = broadcast(x[i][k]);
        QN_UNROLL for (int p = 0; p < kPanels; ++p) acc[p][i] = fma(value[p], pixel, acc[p][i]);
      }
    };
    const auto advance = [&](int columns) QN_LAMBDA_INLINE {
      QN_UNROLL for (int i = 0; i < kPixels; ++i) x[i] += columns;
      QN_UNROLL for (int p = 0; p < kPanels; ++p) weights[p] += columns * kPanelRows;
    };
    int64_t left = call.columns[run];
    for (; left >= kTileColumns; left -= kTileColumns) {
      // 1x1 of 256 to 64 channels: 30 % faster. A single column has no time for it.
      if constexpr (kTileColumns > 1) {
        QN_UNROLL for (int i = 0; i < kPixels; ++i) prefetch(x[i] + call.ahead);
      }
      QN_UNROLL for (int k = 0; k < kTileColumns; ++k) column(k);
      advance(kTileColumns);
    }
    for (; left > 0; --left) {
      column(0);
      advance(1);
    }
  }
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    const int64_t channels = call.channels[p];
    float* y = call.y + p * kPanelRows;
    if (call.clamped) {
      const Lanes lo = broadcast(call.lo), hi = broadcast(call.hi);
      QN_UNROLL for (int i = 0; i < kPixels; ++i) acc[p][i] = clamp(acc[p][i], lo, hi);
    }
    // Masked stores are slow on some CPUs.
    if (channels == kPanelRows) {
      QN_UNROLL for (int i = 0; i < kPixels; ++i) store(y + result[i] * call.y_stride, acc[p][i]);
    } else {
      QN_UNROLL for (int i = 0; i < kPixels; ++i) {
        store_first(y + result[i] * call.y_stride, channels, acc[p][i]);
      }
    }
  }
}

using ComputeTile = void (*)(const TileCall&, const float* const* rows, const int64_t* result);

template <int kPanels, int kPixels = kTilePixels>
QN_INLINE ComputeTile compute_tile_of(int64_t pixels) {
  if constexpr (kPixels > 1) {
    if (pixels < kPixels) return compute_tile_of<kPanels, kPixels - 1>(pixels);
  }
  return compute_tile<kPanels, kPixels>;
}

}  // namespace
}  // namespace qn
