// Where a block of output pixels is stored, and the fused steps there, for the integer convolutions. Define
// apply_fused(call, tile) first.
#pragma once

#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/u8_windows.h"

namespace qn {
namespace {

// The row of the output's last axis that output `i` of row `row` of the block's phase is.
inline int64_t result_row(const Call& call, const Block& b, int64_t row, int64_t i) {
  const View& y = call.out[0];
  return (b.image * y.dim[1] + output_cell(b.c.h, row)) * y.dim[2] + output_cell(b.c.w, i);
}

// Pointers to a channel of the block's pixels, elements being of so many bytes.
inline void point_to_results(const Call& call, const Block& b, int64_t channel, int64_t element,
                             uint8_t** rows) {
  const View& y = call.out[0];
  const int64_t step = b.c.w.spacing * y.stride * element;
  each_run(b, [&](int64_t row, int64_t begin, int64_t count, int64_t pixel) {
    const int64_t place = result_row(call, b, row, begin) * y.stride + channel;
    uint8_t* to = static_cast<uint8_t*>(y.data) + place * element;
    for (int64_t i = 0; i < count; ++i) rows[pixel + i] = to + i * step;
  });
  repeat_last(rows, b.pixels);
}

// On the channels of some panels. `values`: of calls with real steps (fused.h), the block's results in rows
// of kValueChannels floats.
inline void apply_fused_steps(const Call& call, const Block& b, int64_t panel_begin, int64_t panel_end,
                              float* values) {
  if (call.fused_steps == 0) return;
  const int64_t rows = u8_weight(call).rows, first = panel_begin * kPanelRows, end = panel_end * kPanelRows;
  const int64_t channels = (end < rows ? end : rows) - first;
  if (b.c.w.spacing == 1 && b.c.h.spacing == 1) {
    const int64_t row = result_row(call, b, b.begin / b.c.w.outputs, b.begin % b.c.w.outputs);
    apply_fused(call, {row, b.pixels, 1, first, channels, values, kValueChannels});
    return;
  }
  each_run(b, [&](int64_t row, int64_t begin, int64_t count, int64_t pixel) {
    float* of_run = values == nullptr ? nullptr : values + pixel * kValueChannels;
    const int64_t step = b.c.w.spacing;
    apply_fused(call,
                {result_row(call, b, row, begin), count, step, first, channels, of_run, kValueChannels});
  });
}

}  // namespace
}  // namespace qn
