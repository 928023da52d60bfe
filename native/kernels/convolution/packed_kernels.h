// The convolutions with packed weights, what the instruction sets share. An ISA file defines its register
// tile and how codes are unpacked, then includes this. What it defines:
//
//   kTilePixels, kTilePanels   the largest register tile: a divisor of 12 and a multiple of 3, 1 or 2
//   unpack_panel<kFormat>(w, panel, columns, to, terms)
//                              codes of the columns from first_step(columns) on, zeros at those that are not
//                              the phase's, and the terms of the groups that the phase has columns of
//   tile<kPixels, kPanels>(job, place)
//   apply_fused(call, tile)
#pragma once

#include "native/kernels/convolution/packed_tile.h"
#include "native/kernels/convolution/u8_results.h"
#include "native/kernels/convolution/u8_windows.h"

namespace qn {
namespace {

// The walk of one thread over its items.
class PackedWalk {
 public:
  PackedWalk(const Call& call, ConvolutionForm form, void* scratch)
      : call_(call),
        form_(form),
        weight_(u8_weight(call)),
        blocking_(u8_blocking(call, form, false)),
        scratch_(static_cast<uint8_t*>(scratch)),
        places_(packed_scratch(call, blocking_)) {
    job_.cells = at<const uint8_t*>(places_.cells);
    job_.zeros = at<int32_t>(places_.zeros);
    job_.scales = at<float>(places_.scales);
    job_.rows = at<uint8_t*>(places_.rows);
    job_.panel_bytes = unpacked_bytes(weight_);
    job_.terms = at<GroupTerms>(places_.terms);
    job_.groups = weight_.groups;
    job_.group_chunks = weight_.group / 4;
    job_.bias = at<float>(places_.bias);
    job_.lo = static_cast<float>(u8_attribute(call, form, kLo));
    job_.hi = static_cast<float>(u8_attribute(call, form, kHi));
  }

  void run(int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const U8Item item = u8_item(call_, blocking_, i);
      prepare_pixels(item);
      for (int64_t panel = item.panel_begin; panel < item.panel_end; panel += kItemPanels) {
        const int64_t left = item.panel_end - panel;
        run_panels(panel, left < kItemPanels ? left : kItemPanels);
      }
      apply_fused_steps(call_, block_, item.panel_begin, item.panel_end, nullptr);
    }
  }

 private:
  template <class T>
  T* at(int64_t place) const {
    return reinterpret_cast<T*>(scratch_ + place);
  }

  void prepare_pixels(const U8Item& item) {
    if (item.phase == phase_ && item.image == block_.image && item.pixel_begin == block_.begin) return;
    if (item.phase != phase_) set_phase(item.phase);
    if (item.image != block_.image) read_image_params(item.image);
    block_.image = item.image;
    block_.begin = item.pixel_begin;
    block_.pixels = item.pixel_end - item.pixel_begin;
    block_.taps = 1;
    block_.tap = at<const uint8_t*>(places_.cells);
    block_.table_stride = blocking_.block_pixels;
    const uint8_t* padding = at<uint8_t>(places_.padding);
    const int64_t lead = columns_.begin % 4;
    if (taps_of(block_.c) == 1 && lead == 0) {
      point_to_taps(call_.in[0], block_, padding);
    } else {
      uint8_t* windows = at<uint8_t>(places_.windows) + lead;
      gather_windows(call_.in[0], block_, padding, windows, packed_window_stride(weight_));
      for (int64_t i = 0; i < block_.pixels; ++i) block_.tap[i] -= lead;
    }
    repeat_last(block_.tap, block_.pixels);
    pixel_terms();
  }

  void set_phase(int64_t phase) {
    phase_ = phase;
    block_.c = phase_of(call_, form_, phase);
    const int64_t channels = block_.c.in_channels, begin = block_.c.first_tap * channels;
    columns_ = {begin, begin + taps_of(block_.c) * channels};
    const int64_t first = columns_.begin / 4,
                  group_end = (columns_.begin / weight_.group + 1) * job_.group_chunks;
    job_.chunks = columns_.begin == columns_.end ? 0 : ceil_div(columns_.end, 4) - first;
    job_.first_group_chunks = group_end - first < job_.chunks ? group_end - first : job_.chunks;
    job_.codes = at<uint8_t>(places_.codes) + (first * 4 - first_step(columns_)) * kPanelRows;
  }

  // One row of parameters an image.
  void read_image_params(int64_t image) {
    const View& params = call_.in[kDynamicParams];
    if (params.dim[0] != call_.in[0].dim[0]) return;
    const float* row = static_cast<const float*>(params.data) + image * params.stride;
    scale_ = row[0];
    zero_ = zero_of_params(row);
    uint8_t* padding = at<uint8_t>(places_.padding);
    for (int64_t i = 0; i < padding_bytes(call_); ++i) padding[i] = static_cast<uint8_t>(zero_);
  }

  void pixel_terms() {
    const View& params = call_.in[kDynamicParams];
    int32_t* zeros = at<int32_t>(places_.zeros);
    float* scales = at<float>(places_.scales);
    const bool by_image = params.dim[0] == call_.in[0].dim[0];
    const int64_t first = block_.image * block_.c.h.outputs * block_.c.w.outputs + block_.begin;
    const float* row = static_cast<const float*>(params.data) + (by_image ? 0 : first * params.stride);
    for (int64_t i = 0; i < block_.pixels; ++i) {
      scales[i] = by_image ? scale_ : row[i * params.stride];
      zeros[i] = split_zero(by_image ? zero_ : zero_of_params(row + i * params.stride));
    }
    repeat_last(scales, block_.pixels);
    repeat_last(zeros, block_.pixels);
  }

  void run_panels(int64_t panel, int64_t panels) {
    const int64_t channel = panel * kPanelRows;
    const float* bias = static_cast<const float*>(call_.in[kPackedBias].data) + channel;
    job_.channels = weight_.rows - channel;
    for (int64_t p = 0; p < panels; ++p) {
      uint8_t* codes = at<uint8_t>(places_.codes) + p * job_.panel_bytes;
      GroupTerms* terms = at<GroupTerms>(places_.terms) + p * job_.groups;
      if (weight_.format == WeightFormat::u4) {
        unpack_panel<WeightFormat::u4>(weight_, panel + p, columns_, codes, terms);
      } else {
        unpack_panel<WeightFormat::u2>(weight_, panel + p, columns_, codes, terms);
      }
    }
    float* padded_bias = at<float>(places_.bias);
    for (int64_t o = 0; o < panels * kPanelRows; ++o) padded_bias[o] = o < job_.channels ? bias[o] : 0.0f;
    point_to_results(call_, block_, channel, 4, at<uint8_t*>(places_.rows));
    int64_t p = 0;
    for (; p + kTilePanels <= panels; p += kTilePanels) run_pixels<kTilePanels>(p);
    if constexpr (kTilePanels > 1) {
      if (p < panels) run_pixels<1>(p);
    }
  }

  template <int kPanels>
  void run_pixels(int64_t panel) {
    const int64_t pixels = block_.pixels;
    int64_t i = 0;
    for (; i + kTilePixels <= pixels; i += kTilePixels) {
      tile<kTilePixels, kPanels>(job_, {panel, i, kTilePixels});
    }
    constexpr int kThird = kTilePixels / 3;
    const int64_t left = pixels - i;
    if (left > 2 * kThird) {
      tile<kTilePixels, kPanels>(job_, {panel, i, left});
    } else if (left > kThird) {
      tile<2 * kThird, kPanels>(job_, {panel, i, left});
    } else if (left > 0) {
      tile<kThird, kPanels>(job_, {panel, i, left});
    }
  }

  const Call& call_;
  const ConvolutionForm form_;
  const Weight& weight_;
  const U8Blocking blocking_;
  uint8_t* const scratch_;
  const PackedScratch places_;
  PackedJob job_{};
  Block block_{{}, -1, -1, 0, 0, nullptr, 0};
  Columns columns_{};
  int32_t zero_ = 0;
  float scale_ = 0;
  int64_t phase_ = -1;  // whose block is prepared
};

}  // namespace
}  // namespace qn

// The functions of packed_convolution.h for an instruction set.
#define QN_PACKED_CONVOLUTION_KERNELS(ISA)                                                                  \
  void conv2d_dynamic_packed_##ISA(const Call& call, int64_t begin, int64_t end, void* scratch) {           \
    PackedWalk(call, ConvolutionForm::ordinary, scratch).run(begin, end);                                   \
  }                                                                                                         \
  void transpose_conv2d_dynamic_packed_##ISA(const Call& call, int64_t begin, int64_t end, void* scratch) { \
    PackedWalk(call, ConvolutionForm::transposed, scratch).run(begin, end);                                 \
  }
