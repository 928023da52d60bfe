// The integer convolutions, what the instruction sets share: items, tables and terms. An ISA file defines its
// register tile, then includes this. What it defines:
//
//   kTilePixels, kTilePanels   the largest register tile: 12 or a divisor of it, 1 or 2
//   kWidened                   whether tiles read windows as 16-bit values; the scratch then has room
//   prepare_windows(job)       called once a block of pixels: widens them, if so
//   tile<kOutput, kPixels, kPanels>(job, place)
//   apply_fused(call, tile)
#pragma once

#include "native/kernels/convolution/u8_results.h"
#include "native/kernels/convolution/u8_tile.h"

namespace qn {
namespace {

inline int32_t whole(double attribute) { return static_cast<int32_t>(attribute); }

// The walk of one thread over its items.
template <Output kOutput>
class U8Walk {
 public:
  U8Walk(const Call& call, ConvolutionForm form, void* scratch)
      : call_(call),
        form_(form),
        weight_(u8_weight(call)),
        blocking_(u8_blocking(call, form, kWidened)),
        scratch_(static_cast<uint8_t*>(scratch)),
        places_(u8_scratch(call, blocking_, kWidened)),
        gathers_(gathers_windows(call)) {
    job_.panel_bytes = weight_.panel_bytes;
    job_.tap_chunks = padded_tap_cols(weight_.tap_cols) / 4;
    job_.rows = at<uint8_t*>(places_.rows);
    job_.widened = at<uint16_t>(places_.widened);
    const int64_t channels = blocking_.block_panels * kPanelRows;
    float* terms = at<float>(places_.channels);
    job_.channels = {reinterpret_cast<int32_t*>(terms), reinterpret_cast<int32_t*>(terms + channels),
                     terms + 2 * channels, terms + 3 * channels};
    job_.pixels = {at<int32_t>(places_.sums), at<float>(places_.scales), false};
    if (has_real_steps(call)) values_ = at<float>(places_.values);
    const auto attribute = [&](U8Attribute which) { return u8_attribute(call, form, which); };
    double lo = attribute(kLo), hi = attribute(kHi);
    if (kOutput == Output::codes) {
      const double zero = attribute(kYZero);
      lo = (lo > 0 ? lo : 0) - zero;
      hi = (hi < 255 ? hi : 255) - zero;
      job_.requantization.y_zero = whole(zero);
    }
    job_.requantization.lo = static_cast<float>(lo);
    job_.requantization.hi = static_cast<float>(hi);
    if (kOutput != Output::dynamic) {
      x_zero_ = whole(attribute(kXZero));
      w_zero_ = whole(attribute(kWZero));
    }
  }

  void run(int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const U8Item item = u8_item(call_, blocking_, i);
      prepare_pixels(item);
      prepare_channels(item);
      run_panels(item);
    }
  }

 private:
  template <class T>
  T* at(int64_t place) const {
    return reinterpret_cast<T*>(scratch_ + place);
  }

  void prepare_pixels(const U8Item& item) {
    Block& block = job_.block;
    if (item.phase == phase_ && item.image == block.image && item.pixel_begin == block.begin) return;
    if (item.phase != phase_) block.c = phase_of(call_, form_, item.phase);
    if (kOutput == Output::dynamic && item.image != block.image) read_image_params(item.image);
    if (item.phase != phase_ || item.image != block.image) {
      uint8_t* padding = at<uint8_t>(places_.padding);
      for (int64_t i = 0; i < padding_bytes(call_); ++i) padding[i] = static_cast<uint8_t>(x_zero_);
    }
    phase_ = item.phase;
    block.image = item.image;
    block.begin = item.pixel_begin;
    block.pixels = item.pixel_end - item.pixel_begin;
    block.taps = gathers_ ? 1 : taps_of(block.c);
    block.tap = at<const uint8_t*>(places_.taps);
    block.table_stride = blocking_.block_pixels;
    const uint8_t* padding = at<uint8_t>(places_.padding);
    if (gathers_) {
      gather_windows(call_.in[0], block, padding, at<uint8_t>(places_.windows), window_stride(weight_));
    } else {
      point_to_taps(call_.in[0], block, padding);
    }
    for (int64_t tap = 0; tap < block.taps; ++tap) {
      repeat_last(block.tap + tap * block.table_stride, block.pixels);
    }
    prepare_windows(job_);
    pixel_terms();
  }

  // One row of parameters an image.
  void read_image_params(int64_t image) {
    const View& params = call_.in[kDynamicParams];
    if (params.dim[0] != call_.in[0].dim[0]) return;
    const float* row = static_cast<const float*>(params.data) + image * params.stride;
    scale_ = row[0];
    x_zero_ = zero_of_params(row);
  }

  void pixel_terms() {
    const Block& block = job_.block;
    PixelTerms& pixels = job_.pixels;
    if constexpr (kOutput == Output::dynamic) {
      const View& params = call_.in[kDynamicParams];
      pixels.has_sum = params.dim[0] != call_.in[0].dim[0];
      const int64_t first = block.image * block.c.h.outputs * block.c.w.outputs + block.begin;
      const float* row = static_cast<const float*>(params.data) + first * params.stride;
      for (int64_t i = 0; i < block.pixels; ++i) {
        if (pixels.has_sum) {
          pixels.scale[i] = row[i * params.stride];
          pixels.sum[i] = -zero_of_params(row + i * params.stride);
        } else {
          pixels.scale[i] = scale_;
        }
      }
    } else {
      pixels.has_sum = w_zero_ != 0;
      for (int64_t i = 0; pixels.has_sum && i < block.pixels; ++i) {
        int32_t sum = 0;
        for (int64_t tap = 0; tap < block.taps; ++tap) {
          sum += sum_codes(block.tap[tap * block.table_stride + i], weight_.tap_cols);
        }
        pixels.sum[i] = -w_zero_ * sum;
      }
    }
  }

  // Sums of codes over the phase's taps, and with them what the zeros add up to.
  void prepare_channels(const U8Item& item) {
    const Block& block = job_.block;
    const int64_t first = item.panel_begin * kPanelRows, rows = weight_.panels * kPanelRows;
    if (item.phase == channels_phase_ && first == channels_first_ && x_zero_ == channels_zero_) return;
    channels_phase_ = item.phase;
    channels_first_ = first;
    channels_zero_ = x_zero_;
    const int64_t count = (item.panel_end - item.panel_begin) * kPanelRows;
    const int64_t given = weight_.rows - first < count ? weight_.rows - first : count;
    ChannelTerms& terms = job_.channels;
    const int64_t first_tap = gathers_ ? 0 : block.c.first_tap;
    const int32_t* tap_sums = weight_.tap_sums + first_tap * rows + first;
    for (int64_t o = 0; o < count; ++o) terms.sum[o] = 0;
    for (int64_t tap = 0; tap < block.taps; ++tap, tap_sums += rows) {
      for (int64_t o = 0; o < count; ++o) terms.sum[o] += tap_sums[o];
    }
    for (int64_t o = 0; o < count; ++o) terms.start[o] = -x_zero_ * terms.sum[o];
    for (int64_t o = given; o < count; ++o) terms.scale[o] = terms.bias[o] = 0;
    if constexpr (kOutput == Output::dynamic) {
      const float* scale = static_cast<const float*>(call_.in[kDynamicScale].data) + first;
      const float* bias = static_cast<const float*>(call_.in[kDynamicBias].data) + first;
      for (int64_t o = 0; o < given; ++o) terms.scale[o] = scale[o], terms.bias[o] = bias[o];
      for (int64_t o = 0; job_.pixels.has_sum && o < count; ++o) terms.start[o] = 0;
    } else {
      const int32_t zeros = static_cast<int32_t>(taps_of(block.c) * block.c.in_channels) * x_zero_ * w_zero_;
      const int32_t* bias = static_cast<const int32_t*>(call_.in[kU8Bias].data) + first;
      const float* scale = static_cast<const float*>(call_.in[kU8Multiplier].data) + first;
      for (int64_t o = 0; o < given; ++o) {
        terms.start[o] = static_cast<int32_t>(static_cast<uint32_t>(terms.start[o] + zeros) +
                                              static_cast<uint32_t>(bias[o]));
        terms.scale[o] = scale[o];
      }
      for (int64_t o = 0; o < count; ++o) terms.sum[o] = 1;
    }
  }

  // With real steps, as many panels at a time as there is room for their values.
  void run_panels(const U8Item& item) {
    const int64_t first = item.panel_begin * kPanelRows, panels = item.panel_end - item.panel_begin;
    const int64_t first_tap = gathers_ ? 0 : job_.block.c.first_tap;
    job_.codes =
        weight_.codes + item.panel_begin * weight_.panel_bytes + first_tap * job_.tap_chunks * 4 * kPanelRows;
    job_.channels_left = weight_.rows - first;
    if (values_ == nullptr) {
      point_to_results(call_, job_.block, first, kOutput == Output::codes ? 1 : 4, job_.rows);
    }
    const int64_t together = values_ == nullptr ? panels : kItemPanels;
    for (int64_t panel = 0; panel < panels; panel += together) {
      const int64_t end = panel + together < panels ? panel + together : panels;
      if (values_ != nullptr) point_to_values(panel);
      run_some_panels(panel, end);
      apply_fused_steps(call_, job_.block, item.panel_begin + panel, item.panel_begin + end, values_);
    }
  }

  // A tile counts its channels from the block's first panel on, whichever it begins with.
  void point_to_values(int64_t panel) {
    uint8_t* first = reinterpret_cast<uint8_t*>(values_) - panel * kPanelRows * 4;
    for (int64_t i = 0; i < job_.block.pixels; ++i) job_.rows[i] = first + i * kValueChannels * 4;
    repeat_last(job_.rows, job_.block.pixels);
  }

  void run_some_panels(int64_t panel, int64_t end) {
    for (; panel + kTilePanels <= end; panel += kTilePanels) run_pixels<kTilePanels>(panel);
    if constexpr (kTilePanels > 1) {
      if (panel < end) run_pixels<1>(panel);
    }
  }

  template <int kPanels>
  void run_pixels(int64_t panel) {
    const int64_t pixels = job_.block.pixels;
    int64_t i = 0;
    for (; i + kTilePixels <= pixels; i += kTilePixels) {
      tile<kOutput, kTilePixels, kPanels>(job_, {panel, i, kTilePixels});
    }
    constexpr int kThird = kTilePixels / 3;
    const int64_t left = pixels - i;
    if (left > 2 * kThird) {
      tile<kOutput, kTilePixels, kPanels>(job_, {panel, i, left});
    } else if (left > kThird) {
      tile<kOutput, 2 * kThird, kPanels>(job_, {panel, i, left});
    } else if (left > 0) {
      tile<kOutput, kThird, kPanels>(job_, {panel, i, left});
    }
  }

  const Call& call_;
  const ConvolutionForm form_;
  const Weight& weight_;
  const U8Blocking blocking_;
  uint8_t* const scratch_;
  const U8Scratch places_;
  const bool gathers_;
  float* values_ = nullptr;  // of calls with real steps
  int32_t x_zero_ = 0, w_zero_ = 0;
  float scale_ = 0;
  TileJob job_{{{}, -1, -1, 0, 0, nullptr, 0}, nullptr, 0, 0, {}, {}, {}, nullptr, 0, nullptr};
  int64_t phase_ = -1;  // whose block and image are prepared
  int64_t channels_phase_ = -1, channels_first_ = -1, channels_zero_ = -1;
};

inline void convolve_u8(const Call& call, ConvolutionForm form, int64_t begin, int64_t end, void* scratch) {
  if (call.out[0].dtype == DType::u8 && !has_real_steps(call)) {
    U8Walk<Output::codes>(call, form, scratch).run(begin, end);
  } else {
    U8Walk<Output::floats>(call, form, scratch).run(begin, end);
  }
}

inline void convolve_dynamic(const Call& call, ConvolutionForm form, int64_t begin, int64_t end,
                             void* scratch) {
  U8Walk<Output::dynamic>(call, form, scratch).run(begin, end);
}

}  // namespace
}  // namespace qn

// The four functions of u8_convolution.h for an instruction set.
#define QN_U8_CONVOLUTION_KERNELS(ISA)                                                               \
  void conv2d_u8_##ISA(const Call& call, int64_t begin, int64_t end, void* scratch) {                \
    convolve_u8(call, ConvolutionForm::ordinary, begin, end, scratch);                               \
  }                                                                                                  \
  void conv2d_dynamic_##ISA(const Call& call, int64_t begin, int64_t end, void* scratch) {           \
    convolve_dynamic(call, ConvolutionForm::ordinary, begin, end, scratch);                          \
  }                                                                                                  \
  void transpose_conv2d_u8_##ISA(const Call& call, int64_t begin, int64_t end, void* scratch) {      \
    convolve_u8(call, ConvolutionForm::transposed, begin, end, scratch);                             \
  }                                                                                                  \
  void transpose_conv2d_dynamic_##ISA(const Call& call, int64_t begin, int64_t end, void* scratch) { \
    convolve_dynamic(call, ConvolutionForm::transposed, begin, end, scratch);                        \
  }
