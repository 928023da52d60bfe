// depthwise_conv2d_u8 and depthwise_conv2d_dynamic with M = 1. The including file defines the blocks: Narrow
// (codes_256.h) and Wide of 64 channels; where the registers are too small for that, Wide is Narrow.
//
// The window's rows are taken four at a time, so that a dot product of four adds a column of the window for a
// channel: a 3x3 window needs three. The codes are interleaved once for each input column of a tile of
// outputs. The zero point of the weights is subtracted from them beforehand; where a difference does not fit
// in an i8, it is split into some that do, and the taps are gone through as many times.
#pragma once

#include "native/elementwise/apply_fused.h"
#include "native/kernels/depthwise/codes_layer.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

inline constexpr bool kWideBlocks = Wide::kChannels > Narrow::kChannels;

// The four rows of the window that a quad comes from.
struct QuadRows {
  const uint8_t* first[4];
  int64_t step[4];
};

template <class Block>
QN_INLINE void load_cell(const QuadRows& rows, int64_t cell, typename Block::Operand (&quad)[4]) {
  typename Block::Ints row[4], mixed[4];
  QN_UNROLL for (int r = 0; r < 4; r++) {
    row[r] = Block::load(rows.first[r] + cell * rows.step[r]);
    QN_IN_REGISTER(row[r]);
  }
  Block::interleave(row, mixed);
  QN_UNROLL for (int q = 0; q < 4; q++) quad[q] = Block::operand(mixed[q]);
}

// As above, or padding.
template <class Block, bool kEdge>
QN_INLINE void load_cell_or_zero(const CodesLayer& layer, const QuadRows& rows, int64_t cell,
                                 typename Block::Operand (&quad)[4]) {
  if (kEdge && (cell < 0 || cell >= layer.w.inputs)) {
    QN_UNROLL for (int q = 0; q < 4; q++) quad[q] = Block::operand(Block::bytes(layer.x_zero));
  } else {
    load_cell<Block>(rows, cell, quad);
  }
}

template <class Block, int kWidth, int kStride, int kPixels, bool kEdge>
QN_INLINE void add_quads(const CodesLayer& layer, const QuadRows& rows, int64_t cell, const uint8_t* weights,
                         typename Block::Ints (&sum)[kPixels][4]) {
  constexpr int kCells = (kPixels - 1) * kStride + kWidth;
  QN_UNROLL for (int column = 0; column < kCells; column++) {
    typename Block::Operand quad[4];
    load_cell_or_zero<Block, kEdge>(layer, rows, cell + column, quad);
    QN_UNROLL for (int j = 0; j < kPixels; j++) {
      const int tap = column - j * kStride;
      if (tap < 0 || tap >= kWidth) continue;
      QN_UNROLL for (int q = 0; q < 4; q++) {
        sum[j][q] = Block::dot(sum[j][q], quad[q], weights + (4 * tap + q) * Block::kQuadBytes);
      }
    }
  }
}

template <class Block, int kPixels, bool kEdge>
QN_INLINE void add_quads_of_any(const CodesLayer& layer, const QuadRows& rows, int64_t cell,
                                const uint8_t* weights, typename Block::Ints (&sum)[kPixels][4]) {
  for (int64_t tap = 0; tap < layer.w.taps; tap++) {
    QN_UNROLL for (int j = 0; j < kPixels; j++) {
      typename Block::Operand quad[4];
      load_cell_or_zero<Block, kEdge>(layer, rows, cell + j * layer.w.stride + tap * layer.w.dilation, quad);
      QN_UNROLL for (int q = 0; q < 4; q++) {
        sum[j][q] = Block::dot(sum[j][q], quad[q], weights + (4 * tap + q) * Block::kQuadBytes);
      }
    }
  }
}

template <class Block, int kPixels>
QN_INLINE void store_codes(const CodesLayer& layer, const CodesBlock& block, uint8_t* y,
                           const typename Block::Ints (&sum)[kPixels][4]) {
  const auto lo = Block::floats(layer.lo - layer.y_zero), hi = Block::floats(layer.hi - layer.y_zero);
  QN_UNROLL for (int j = 0; j < kPixels; j++) {
    typename Block::Floats r[4];
    QN_UNROLL for (int q = 0; q < 4; q++) {
      const auto multiplier = Block::load_floats(block.scale + q * Block::kLaneCount);
      r[q] = Block::clamp_codes(Block::mul(Block::to_floats(sum[j][q]), multiplier), lo, hi);
    }
    const auto codes = Block::pack(r, static_cast<int>(layer.y_zero));
    if (block.channels == Block::kChannels) {
      Block::store(y + j * layer.y_step, codes);
    } else {
      Block::store_first(y + j * layer.y_step, block.channels, codes);
    }
  }
}

template <class Block, int kPixels>
QN_INLINE void store_reals(const CodesLayer& layer, const CodesBlock& block, float* y,
                           const typename Block::Ints (&sum)[kPixels][4]) {
  const auto lo = Block::floats(layer.lo), hi = Block::floats(layer.hi), image = Block::floats(layer.x_scale);
  QN_UNROLL for (int j = 0; j < kPixels; j++) {
    float whole[Block::kChannels];
    float* to = block.channels == Block::kChannels ? y + j * layer.y_step : whole;
    QN_UNROLL for (int q = 0; q < 4; q++) {
      const auto scale = Block::load_floats(block.scale + q * Block::kLaneCount);
      auto r = Block::to_floats(sum[j][q]);
      if (layer.dynamic) {
        const auto bias = Block::load_floats(block.bias + q * Block::kLaneCount);
        r = Block::add(Block::mul(Block::mul(r, image), scale), bias);
      } else {
        r = Block::mul(r, scale);
      }
      Block::store_floats(to, q, Block::clamp(r, lo, hi));
    }
    if (to == whole) {
      for (int64_t c = 0; c < block.channels; c++) y[j * layer.y_step + c] = whole[c];
    }
  }
}

// One block of channels of the kPixels outputs from `column` on. kWidth 0: any window.
template <class Block, int kWidth, int kStride, int kPixels, bool kEdge>
QN_NOINLINE void compute_tile(const CodesLayer& layer, const CodesRow& row, const CodesBlock& block,
                              int64_t column) {
  typename Block::Ints sum[kPixels][4];
  QN_UNROLL for (int q = 0; q < 4; q++) {
    const auto start = Block::load(block.start + q * Block::kLaneCount);
    QN_UNROLL for (int j = 0; j < kPixels; j++) sum[j][q] = start;
  }
  const int64_t cell = first_cell(layer.w, column);
  const uint8_t* weights = block.weights;
  for (int64_t pass = 0; pass < block.passes; pass++) {
    for (int64_t quad = 0; quad < layer.quads; quad++) {
      QuadRows rows;
      QN_UNROLL for (int r = 0; r < 4; r++) {
        const CodesLine& line = row.lines[4 * quad + r];
        rows.first[r] = line.data + block.offset;
        rows.step[r] = line.step;
      }
      if constexpr (kWidth == 0) {
        add_quads_of_any<Block, kPixels, kEdge>(layer, rows, cell, weights, sum);
      } else {
        add_quads<Block, kWidth, kStride, kPixels, kEdge>(layer, rows, cell, weights, sum);
      }
      weights += layer.w.taps * 4 * Block::kQuadBytes;
    }
  }
  const int64_t to = row.y_first + column * layer.y_step + block.offset;
  if (layer.code_output) {
    store_codes<Block, kPixels>(layer, block, static_cast<uint8_t*>(layer.y) + to, sum);
  } else {
    store_reals<Block, kPixels>(layer, block, static_cast<float*>(layer.y) + to, sum);
  }
}

template <int kWidth, int kStride, int kPixels, bool kEdge>
inline void compute_blocks(const CodesLayer& layer, const CodesRow& row, int64_t column) {
  for (int b = 0; b < layer.blocks; b++) {
    const CodesBlock& block = layer.block[b];
    if constexpr (kWideBlocks) {
      if (block.wide) {
        compute_tile<Wide, kWidth, kStride, kPixels, kEdge>(layer, row, block, column);
        continue;
      }
    }
    compute_tile<Narrow, kWidth, kStride, kPixels, kEdge>(layer, row, block, column);
  }
}

// Computes a tile that fits in the rest of the row and returns its width.
template <int kWidth, int kStride>
inline int64_t compute_next(const CodesLayer& layer, const CodesRow& row, int64_t column) {
  const int64_t rest = layer.w.outputs - column;
  if (rest < kTile) {
    if (kTile > 2 && rest >= 2) {
      compute_blocks<kWidth, kStride, 2, true>(layer, row, column);
      return 2;
    }
    compute_blocks<kWidth, kStride, 1, true>(layer, row, column);
    return 1;
  }
  const int64_t last = first_cell(layer.w, column + kTile - 1) + (layer.w.taps - 1) * layer.w.dilation;
  if (first_cell(layer.w, column) >= 0 && last < layer.w.inputs) {
    compute_blocks<kWidth, kStride, kTile, false>(layer, row, column);
  } else {
    compute_blocks<kWidth, kStride, kTile, true>(layer, row, column);
  }
  return kTile;
}

template <int kWidth, int kStride>
inline void compute_row(const Call& call, const CodesLayer& layer, CodesRow row, int64_t channels,
                        void (*apply_fused)(const Call&, const FusedTile&)) {
  int64_t column = 0, fused = 0;
  while (column < layer.w.outputs) {
    // The values of each tile begin where those of the one before did.
    if (layer.values != nullptr) row.y_first = -fused * layer.y_step;
    column += compute_next<kWidth, kStride>(layer, row, column);
    if (column < layer.w.outputs && (column - fused) * channels < kFusedOutputs) continue;
    apply_fused(call, {row.first_pixel + fused, column - fused, 1, layer.first_channel, channels,
                       layer.values, layer.y_step});
    fused = column;
  }
}

inline void compute_any_row(const Call& call, const CodesLayer& layer, const CodesRow& row, int64_t channels,
                            void (*apply_fused)(const Call&, const FusedTile&)) {
  const bool dense = layer.w.dilation == 1;
  const int64_t taps = layer.w.taps, stride = layer.w.stride;
  if (dense && taps == 3 && stride == 1) {
    compute_row<3, 1>(call, layer, row, channels, apply_fused);
  } else if (dense && taps == 3 && stride == 2) {
    compute_row<3, 2>(call, layer, row, channels, apply_fused);
  } else if (dense && taps == 5 && stride == 1) {
    compute_row<5, 1>(call, layer, row, channels, apply_fused);
  } else if (dense && taps == 5 && stride == 2) {
    compute_row<5, 2>(call, layer, row, channels, apply_fused);
  } else {
    compute_row<0, 0>(call, layer, row, channels, apply_fused);
  }
}

// Packs layer.taps as the block's weights of a pass and adds them up in block.start.
template <class Block>
inline void pack_quads(const CodesLayer& layer, const CodesBlock& block, int64_t pass) {
  const auto one = Block::operand(Block::bytes(1));
  typename Block::Ints total[4];
  for (int q = 0; q < 4; q++) total[q] = Block::load(block.start + q * Block::kLaneCount);
  uint8_t* to = block.weights + pass * layer.quads * layer.w.taps * 4 * Block::kQuadBytes;
  for (int64_t quad = 0; quad < layer.quads; quad++) {
    for (int64_t tap = 0; tap < layer.w.taps; tap++) {
      typename Block::Ints row[4], mixed[4];
      for (int64_t r = 0; r < 4; r++) {
        row[r] = Block::load(layer.taps + ((4 * quad + r) * layer.w.taps + tap) * Block::kChannels);
      }
      Block::interleave(row, mixed);
      for (int q = 0; q < 4; q++, to += Block::kQuadBytes) {
        Block::store_quad(to, mixed[q]);
        total[q] = Block::dot(total[q], one, to);
      }
    }
  }
  for (int q = 0; q < 4; q++) Block::store(block.start + q * Block::kLaneCount, total[q]);
}

inline void pack_blocks(const Call& call, CodesLayer& layer) {
  const View& weight = call.in[layer.dynamic ? kDepthwiseDynamicWeight : kDepthwiseWeight];
  for (int b = 0; b < layer.blocks; b++) {
    CodesBlock& block = layer.block[b];
    for (int64_t i = 0; i < kCodesWide; i++) block.start[i] = 0;
    bool more = true;
    for (block.passes = 0; more; block.passes++) {
      more = read_taps(layer, weight, block, block.passes);
      if constexpr (kWideBlocks) {
        if (block.wide) {
          pack_quads<Wide>(layer, block, block.passes);
          continue;
        }
      }
      pack_quads<Narrow>(layer, block, block.passes);
    }
    arrange_values(layer, call, block);
  }
}

inline void compute_items(const Call& call, CodesLayer& layer, int64_t begin, int64_t end,
                          void (*apply_fused)(const Call&, const FusedTile&)) {
  int64_t image = -1, channel = -1;
  for (int64_t i = begin; i < end; i++) {
    const DepthwiseItem item = depthwise_item(call, i, kDepthwiseCodeChannels);
    if (item.image != image || item.channel_begin != channel) {
      image = item.image;
      channel = item.channel_begin;
      set_image(layer, call, image);
      divide_channels(layer, item, kWideBlocks);
      pack_blocks(call, layer);
    }
    for (int64_t r = item.row_begin; r < item.row_end; r++) {
      const CodesRow row = codes_row(layer, call.in[kDepthwiseX], item, r);
      compute_any_row(call, layer, row, item.channel_end - item.channel_begin, apply_fused);
    }
  }
}

inline void compute_u8(const Call& call, int64_t begin, int64_t end, void* scratch,
                       void (*apply_fused)(const Call&, const FusedTile&)) {
  CodesLayer layer = codes_layer(call, scratch);
  layer.x_zero = static_cast<int>(call.attribute[kDepthwiseXZero]);
  layer.w_zero = static_cast<int32_t>(call.attribute[kDepthwiseWZero]);
  layer.y_zero = static_cast<float>(call.attribute[kDepthwiseYZero]);
  compute_items(call, layer, begin, end, apply_fused);
}

inline void compute_dynamic(const Call& call, int64_t begin, int64_t end, void* scratch,
                            void (*apply_fused)(const Call&, const FusedTile&)) {
  CodesLayer layer = codes_layer(call, scratch);
  layer.dynamic = true;
  compute_items(call, layer, begin, end, apply_fused);
}

}  // namespace
}  // namespace qn
