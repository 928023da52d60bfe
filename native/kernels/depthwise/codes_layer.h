// What the integer depthwise kernels read: operands rearranged for codes_algorithm.h, in the thread's scratch
// memory. ISA files include this header.
#pragma once

#include "native/core/dynamic_params.h"
#include "native/core/fused.h"
#include "native/kernels/depthwise/depthwise.h"

namespace qn {
namespace {

inline constexpr int64_t kCodesNarrow = 32, kCodesWide = 64;  // channels of a block
inline constexpr int64_t kMaxBlocks = kDepthwiseCodeChannels / kCodesNarrow;
inline constexpr int64_t kPaddingBytes = kDepthwiseCodeChannels + kCodesWide;

// A run of channels. Values of channels are in the order of the vectors of quads (codes_256.h).
struct CodesBlock {
  int64_t offset;    // from the item's first channel
  int64_t channels;  // up to 32 or 64
  bool wide;
  int64_t passes;    // more than 1: weights less their zero point go beyond i8
  int32_t* start;    // [width]: bias less what x_zero adds to the sum
  float* scale;      // [width]
  float* bias;       // [width]: of dynamic layers
  uint8_t* weights;  // [passes][quads][taps][4] vectors of quads
};

// Where a row of the window begins, or with step 0 a pixel of padding.
struct CodesLine {
  const uint8_t* data;
  int64_t step;
};

struct CodesRow {
  const CodesLine* lines;  // [quads * 4]
  int64_t first_pixel;     // of the output
  int64_t y_first;         // in CodesLayer::y: where the first channel of the item is, of column 0
};

struct CodesLayer {
  WindowAxis h, w;
  int64_t quads;  // of window rows
  int64_t y_step;
  void* y;
  float* values;  // of calls with real steps (fused.h): what y is then, [kValues]
  bool code_output, dynamic;
  int x_zero;
  int32_t w_zero;
  float x_scale;  // of dynamic layers
  float y_zero, lo, hi;
  int64_t first_channel;
  int blocks;
  CodesBlock block[kMaxBlocks];
  uint8_t* padding;  // [kPaddingBytes] of x_zero
  CodesLine* lines;
  int8_t* taps;  // [quads * 4][taps][width]: one block's weights, zeros beyond the window and the channels
};

inline int64_t quads_of(const Call& call) { return (depthwise_size(call, kDepthwiseKernelH) + 3) / 4; }

// Differences of i8 go up to 255 = 127 + 127 + 1.
inline constexpr int64_t kMaxPasses = 3;

// Twice, for weights widened to i16.
inline int64_t block_weight_bytes(const Call& call) {
  return kMaxPasses * quads_of(call) * depthwise_size(call, kDepthwiseKernelW) * 4 * 2 * kCodesWide;
}

// Fused steps are applied to this many outputs and more at a time: still in the first-level cache.
inline constexpr int64_t kFusedOutputs = 4096;

// With a last tile of up to four pixels.
inline constexpr int64_t kValues = kFusedOutputs + 4 * kDepthwiseCodeChannels;

inline int64_t value_bytes(const Call& call) { return has_real_steps(call) ? 4 * kValues : 0; }

inline int64_t codes_scratch_bytes(const Call& call) {
  const int64_t lines = 4 * quads_of(call);
  return kPaddingBytes + (lines * static_cast<int64_t>(sizeof(CodesLine)) + 63) / 64 * 64 +
         lines * depthwise_size(call, kDepthwiseKernelW) * kCodesWide +
         kMaxBlocks * (3 * 4 * kCodesWide + block_weight_bytes(call)) + value_bytes(call);
}

inline CodesLayer codes_layer(const Call& call, void* scratch) {
  const View& y = call.out[0];
  CodesLayer layer{};
  layer.h = depthwise_axis(call, 0);
  layer.w = depthwise_axis(call, 1);
  layer.quads = quads_of(call);
  layer.y = y.data;
  layer.y_step = y.stride;
  layer.code_output = y.dtype == DType::u8;
  layer.lo = static_cast<float>(call.attribute[kDepthwiseLo]);
  layer.hi = static_cast<float>(call.attribute[kDepthwiseHi]);
  uint8_t* at = static_cast<uint8_t*>(scratch);
  layer.padding = at;
  at += kPaddingBytes;
  layer.lines = reinterpret_cast<CodesLine*>(at);
  at += (4 * layer.quads * static_cast<int64_t>(sizeof(CodesLine)) + 63) / 64 * 64;
  layer.taps = reinterpret_cast<int8_t*>(at);
  at += 4 * layer.quads * layer.w.taps * kCodesWide;
  for (CodesBlock& block : layer.block) {
    block.start = reinterpret_cast<int32_t*>(at);
    block.scale = reinterpret_cast<float*>(at + 4 * kCodesWide);
    block.bias = reinterpret_cast<float*>(at + 8 * kCodesWide);
    block.weights = at + 12 * kCodesWide;
    at += 12 * kCodesWide + block_weight_bytes(call);
  }
  if (has_real_steps(call)) {
    layer.values = reinterpret_cast<float*>(at);
    layer.y = at;
    layer.code_output = false;
  }
  return layer;
}

// Which channels the blocks of an item have. `wide`: those of more than 32 channels go by 64.
inline void divide_channels(CodesLayer& layer, const DepthwiseItem& item, bool wide) {
  layer.first_channel = item.channel_begin;
  if (layer.values != nullptr) layer.y_step = item.channel_end - item.channel_begin;
  layer.blocks = 0;
  const int64_t end = item.channel_end - item.channel_begin;
  for (int64_t offset = 0; offset < end;) {
    CodesBlock& block = layer.block[layer.blocks++];
    block.offset = offset;
    block.wide = wide && end - offset > kCodesNarrow;
    const int64_t width = block.wide ? kCodesWide : kCodesNarrow;
    block.channels = end - offset < width ? end - offset : width;
    offset += width;
  }
}

inline int32_t fit(int32_t w) { return w < -128 ? -128 : w > 127 ? 127 : w; }

// Fills layer.taps with the weights less their zero point, as far as they fit in an i8, and in each pass with
// what the ones before left over. Returns whether there is more.
inline bool read_taps(const CodesLayer& layer, const View& weight, const CodesBlock& block, int64_t pass) {
  const int64_t width = block.wide ? kCodesWide : kCodesNarrow;
  bool more = false;
  for (int64_t line = 0; line < 4 * layer.quads; line++) {
    for (int64_t tap = 0; tap < layer.w.taps; tap++) {
      int8_t* to = layer.taps + (line * layer.w.taps + tap) * width;
      for (int64_t c = 0; c < width; c++) to[c] = 0;
      if (line >= layer.h.taps) continue;
      const int8_t* from = static_cast<const int8_t*>(weight.data) +
                           (line * layer.w.taps + tap) * weight.stride + layer.first_channel + block.offset;
      for (int64_t c = 0; c < block.channels; c++) {
        int32_t w = from[c] - layer.w_zero;
        for (int64_t earlier = 0; earlier < pass; earlier++) w -= fit(w);
        to[c] = static_cast<int8_t>(fit(w));
        more = more || w != fit(w);
      }
    }
  }
  return more;
}

// The channel of place i of a block's values.
inline int64_t channel_of(const CodesBlock& block, int64_t i) {
  const int64_t lanes = block.wide ? kCodesWide / 4 : kCodesNarrow / 4;
  const int64_t q = i / lanes, lane = i % lanes;
  return lane / 4 * 16 + 4 * q + lane % 4;
}

// Puts the values of channels in their places; block.start has the sums of the weights before.
inline void arrange_values(const CodesLayer& layer, const Call& call, const CodesBlock& block) {
  const int64_t width = block.wide ? kCodesWide : kCodesNarrow;
  for (int64_t i = 0; i < width; i++) {
    const int64_t c = channel_of(block, i);
    const int64_t o = layer.first_channel + block.offset + c;
    const bool inside = c < block.channels;
    const uint32_t from_zero = static_cast<uint32_t>(layer.x_zero) * static_cast<uint32_t>(block.start[i]);
    uint32_t bias = 0;
    if (layer.dynamic) {
      block.bias[i] = inside ? static_cast<const float*>(call.in[kDepthwiseDynamicBias].data)[o] : 0.0f;
      block.scale[i] = inside ? static_cast<const float*>(call.in[kDepthwiseDynamicScale].data)[o] : 0.0f;
    } else {
      bias = inside ? static_cast<uint32_t>(static_cast<const int32_t*>(call.in[kDepthwiseBias].data)[o]) : 0;
      block.scale[i] = inside ? static_cast<const float*>(call.in[kDepthwiseMultiplier].data)[o] : 0.0f;
    }
    block.start[i] = static_cast<int32_t>(bias - from_zero);
  }
}

// The zero point and scale of an image's codes.
inline void set_image(CodesLayer& layer, const Call& call, int64_t image) {
  if (layer.dynamic) {
    const View& parameters = call.in[kDepthwiseDynamicParameters];
    const float* row = static_cast<const float*>(parameters.data) + image * parameters.stride;
    layer.x_scale = row[0];
    layer.x_zero = zero_of_params(row);
  }
  for (int64_t i = 0; i < kPaddingBytes; i++) layer.padding[i] = static_cast<uint8_t>(layer.x_zero);
}

inline CodesRow codes_row(const CodesLayer& layer, const View& x, const DepthwiseItem& item, int64_t row) {
  for (int64_t line = 0; line < 4 * layer.quads; line++) {
    const int64_t y = first_cell(layer.h, row) + line * layer.h.dilation;
    const bool inside = line < layer.h.taps && y >= 0 && y < layer.h.inputs;
    const int64_t pixel = (item.image * layer.h.inputs + y) * layer.w.inputs;
    layer.lines[line] =
        inside
            ? CodesLine{static_cast<const uint8_t*>(x.data) + pixel * x.stride + item.channel_begin, x.stride}
            : CodesLine{layer.padding, 0};
  }
  const int64_t first_pixel = (item.image * layer.h.outputs + row) * layer.w.outputs;
  return {layer.lines, first_pixel, first_pixel * layer.y_step + layer.first_channel};
}

}  // namespace
}  // namespace qn
