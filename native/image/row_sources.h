// Resized rows, one at a time: each source row is resized along x when an output row first needs it, and kept
// while the next ones may.
#pragma once

#include <cstdint>
#include <vector>

#include "native/image/resize.h"
#include "native/image/sampling.h"

namespace qn::image {

// The last `slots` rows of `elements` values that were asked for; rows that are used together are neighbours.
template <class Value>
class RowCache {
 public:
  RowCache(int64_t slots, int64_t elements)
      : slots_(slots),
        stride_(elements + kRowSlack),
        held_(static_cast<size_t>(slots), -1),
        rows_(static_cast<size_t>(slots * stride_)) {}

  // The row, made by make(Value* row) where it is not there.
  template <class Make>
  const Value* get(int64_t row, const Make& make) {
    const int64_t slot = row % slots_;
    Value* values = rows_.data() + slot * stride_;
    if (held_[static_cast<size_t>(slot)] != row) make(values);
    held_[static_cast<size_t>(slot)] = row;
    return values;
  }

 private:
  int64_t slots_, stride_;
  std::vector<int64_t> held_;
  std::vector<Value> rows_;
};

inline SourceRow source_row(const Image& image, int64_t y) {
  return {image.pixels + y * image.width * kChannels, image.width};
}

struct FloatSampling {
  explicit FloatSampling(const Resize& r)
      : x(float_taps(r.image.width, r.canvas.image_width, r.mode == ResizeMode::tf2)),
        y(float_taps(r.image.height, r.canvas.image_height, r.mode == ResizeMode::tf2)) {}
  std::vector<FloatTap> x, y;
};

class FloatRows {
 public:
  using Value = float;
  FloatRows(const Resize& request, const FloatSampling& sampling, const RowKernels& kernels)
      : image_(request.image), sampling_(sampling), kernels_(kernels), cache_(2, elements()) {}

  void row(int64_t y, float* out) {
    const FloatTap& tap = sampling_.y[static_cast<size_t>(y)];
    kernels_.lerp_rows(resized(tap.left), resized(tap.right), tap.weight, elements(), out);
  }

 private:
  int64_t pixels() const { return static_cast<int64_t>(sampling_.x.size()); }
  int64_t elements() const { return pixels() * kChannels; }
  const float* resized(int64_t y) {
    return cache_.get(y, [&](float* out) {
      kernels_.lerp_pixels(source_row(image_, y), sampling_.x.data(), pixels(), out);
    });
  }

  Image image_;
  const FloatSampling& sampling_;
  const RowKernels& kernels_;
  RowCache<float> cache_;
};

struct FixedSampling {
  explicit FixedSampling(const Resize& r)
      : x(fixed_taps(r.image.width, r.canvas.image_width, r.scale_x, Axis::horizontal)),
        y(fixed_taps(r.image.height, r.canvas.image_height, r.scale_y, Axis::vertical)) {}
  std::vector<FixedTap> x, y;
};

class FixedRows {
 public:
  using Value = uint8_t;
  FixedRows(const Resize& request, const FixedSampling& sampling, const RowKernels& kernels)
      : image_(request.image), sampling_(sampling), kernels_(kernels), cache_(2, elements()) {}

  void row(int64_t y, uint8_t* out) {
    const FixedTap& tap = sampling_.y[static_cast<size_t>(y)];
    kernels_.fixed_rows(resized(tap.left), resized(tap.right), tap, elements(), out);
  }

 private:
  int64_t pixels() const { return static_cast<int64_t>(sampling_.x.size()); }
  int64_t elements() const { return pixels() * kChannels; }
  const int16_t* resized(int64_t y) {
    return cache_.get(y, [&](int16_t* out) {
      kernels_.fixed_pixels(source_row(image_, y), sampling_.x.data(), pixels(), out);
    });
  }

  Image image_;
  const FixedSampling& sampling_;
  const RowKernels& kernels_;
  RowCache<int16_t> cache_;
};

struct FilterSampling {
  explicit FilterSampling(const Resize& r)
      : x(filter_taps(r.image.width, r.canvas.image_width)),
        y(filter_taps(r.image.height, r.canvas.image_height)) {}
  FilterTaps x, y;
};

class FilterRows {
 public:
  using Value = uint8_t;
  FilterRows(const Resize& request, const FilterSampling& sampling, const RowKernels& kernels)
      : image_(request.image),
        sampling_(sampling),
        kernels_(kernels),
        cache_(sampling.y.longest, elements()),
        rows_(static_cast<size_t>(sampling.y.longest)) {}

  void row(int64_t y, uint8_t* out) {
    const FilterTap& tap = sampling_.y.taps[static_cast<size_t>(y)];
    for (int32_t t = 0; t < tap.count; t++) rows_[static_cast<size_t>(t)] = resized(tap.first + t);
    kernels_.filter_rows(rows_.data(), tap.weights, tap.count, elements(), out);
  }

 private:
  int64_t pixels() const { return static_cast<int64_t>(sampling_.x.taps.size()); }
  int64_t elements() const { return pixels() * kChannels; }
  const uint8_t* resized(int64_t y) {
    return cache_.get(y, [&](uint8_t* out) {
      kernels_.filter_pixels(source_row(image_, y), sampling_.x.taps.data(), pixels(), out);
    });
  }

  Image image_;
  const FilterSampling& sampling_;
  const RowKernels& kernels_;
  RowCache<uint8_t> cache_;
  std::vector<const uint8_t*> rows_;
};

}  // namespace qn::image
