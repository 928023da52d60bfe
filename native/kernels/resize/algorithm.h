// Resizes, a vector lane a channel. Include one each of native/simd/code_lanes_*.h and byte_lanes_*.h first.
//
// A fraction of 0 leaves out the pixels that do not count: in an image twice the size, half of all pairs.
#pragma once

#include "native/core/float_math.h"
#include "native/elementwise/apply_fused.h"
#include "native/elementwise/tile_pixels.h"
#include "native/kernels/resize/resize.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

using ApplyFused = void (*)(const Call&, const FusedTile&);

inline void copy_pixel(const float* from, float* to, int64_t channels) {
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) store(to + c, load(from + c));
  if (c < channels) store_first(to + c, channels - c, load_first(from + c, channels - c));
}

inline void copy_pixel(const uint8_t* from, uint8_t* to, int64_t channels) {
  for (int64_t c = 0; c < channels; c += kByteLanes) {
    store_bytes(to + c, channels - c < kByteLanes ? channels - c : kByteLanes, load_bytes(from + c));
  }
}

struct FloatMix {
  using Value = float;
  using Vec = Lanes;
  Lanes right, down;
  bool has_right, has_down;

  FloatMix(const ResizePlace& row, const ResizePlace& column)
      : right(broadcast(column.fraction)),
        down(broadcast(row.fraction)),
        has_right(column.fraction != 0.0f),
        has_down(row.fraction != 0.0f) {}
  static QN_INLINE Lanes load_values(const float* p, int64_t n) {
    return n == kLanes ? load(p) : load_first(p, n);
  }
  QN_INLINE Lanes across(Lanes left, Lanes other) const { return fma(sub(other, left), right, left); }
  QN_INLINE Lanes alone(Lanes left) const { return left; }
  QN_INLINE Lanes below(Lanes top, Lanes bottom) const { return fma(sub(bottom, top), down, top); }
  QN_INLINE void finish(float* p, int64_t n, Lanes mixed) const {
    if (n == kLanes) return store(p, mixed);
    store_first(p, n, mixed);
  }
};

// Sums are in 2^11ths after `across`, in 2^22ths after `below`.
struct CodeMix {
  using Value = uint8_t;
  using Vec = Integers;
  Integers right, down;
  bool has_right, has_down;

  CodeMix(const ResizePlace& row, const ResizePlace& column)
      : right(broadcast_integer(resize_weight(column.fraction))),
        down(broadcast_integer(resize_weight(row.fraction))),
        has_right(resize_weight(column.fraction) != 0),
        has_down(resize_weight(row.fraction) != 0) {}
  static QN_INLINE Integers load_values(const uint8_t* p, int64_t n) { return load_codes(p, n); }
  QN_INLINE Integers across(Integers left, Integers other) const {
    return add(alone(left), mul(sub(other, left), right));
  }
  QN_INLINE Integers alone(Integers left) const { return mul(left, broadcast_integer(2048)); }
  QN_INLINE Integers below(Integers top, Integers bottom) const {
    return add(alone(top), mul(sub(bottom, top), down));
  }
  QN_INLINE void finish(uint8_t* p, int64_t n, Integers mixed) const {
    const Integers whole = has_down ? mixed : alone(mixed);
    const Integers rounded = add(whole, broadcast_integer(1 << 21));
    store_codes(p, n, shift_right(rounded, broadcast_integer(22)));
  }
};

// The four pixels around a place, and what lies between them.
template <class Mix, bool kRight, bool kDown>
QN_INLINE void mix_pixels(const Mix& mix, const typename Mix::Value* const (&corner)[4],
                          typename Mix::Value* y, int64_t channels) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    const int64_t n = channels - c < kLanes ? channels - c : kLanes;
    const auto row_of = [&](int row) QN_LAMBDA_INLINE {
      const auto left = Mix::load_values(corner[2 * row] + c, n);
      if constexpr (kRight) return mix.across(left, Mix::load_values(corner[2 * row + 1] + c, n));
      return mix.alone(left);
    };
    if constexpr (kDown) {
      mix.finish(y + c, n, mix.below(row_of(0), row_of(1)));
    } else {
      mix.finish(y + c, n, row_of(0));
    }
  }
}

template <class Mix>
inline void resize_pixel(const View& x, const typename Mix::Value* image, const ResizePlace& row,
                         const ResizePlace& column, typename Mix::Value* y) {
  const Mix mix(row, column);
  const auto pixel = [&](int64_t r, int64_t c) { return image + (r * x.dim[2] + c) * x.stride; };
  const typename Mix::Value* corner[4] = {pixel(row.low, column.low), pixel(row.low, column.high),
                                          pixel(row.high, column.low), pixel(row.high, column.high)};
  if (mix.has_right && mix.has_down) {
    mix_pixels<Mix, true, true>(mix, corner, y, x.dim[3]);
  } else if (mix.has_right) {
    mix_pixels<Mix, true, false>(mix, corner, y, x.dim[3]);
  } else if (mix.has_down) {
    mix_pixels<Mix, false, true>(mix, corner, y, x.dim[3]);
  } else {
    copy_pixel(corner[0], y, x.dim[3]);
  }
}

// Calls pixel(column, y) for each output of a row, and applies the fused steps tile by tile.
template <class Value, class Pixel>
QN_INLINE void resize_row(const Call& call, int64_t item, ApplyFused apply_fused, const Pixel& pixel) {
  const View& y = call.out[0];
  const int64_t tile = tile_pixels(y.dim[3]), columns = y.dim[2];
  Value* to = static_cast<Value*>(y.data) + item * columns * y.stride;
  for (int64_t column = 0; column < columns; column += tile) {
    const int64_t stop = column + tile < columns ? column + tile : columns;
    for (int64_t i = column; i < stop; i++) pixel(i, to + i * y.stride);
    apply_fused(call, {item * columns + column, stop - column, 1, 0, y.dim[3]});
  }
}

template <class Mix>
inline void resize_bilinear_rows(const Call& call, int64_t begin, int64_t end, ApplyFused apply_fused) {
  using Value = typename Mix::Value;
  const View &x = call.in[0], &y = call.out[0];
  const ResizeSampling sampling = resize_sampling(call);
  const float row_scale = resize_scale(x.dim[1], y.dim[1], sampling);
  const float column_scale = resize_scale(x.dim[2], y.dim[2], sampling);
  for (int64_t item = begin; item < end; item++) {
    const ResizePlace row = resize_place(item % y.dim[1], x.dim[1], row_scale, sampling);
    const Value* image = static_cast<const Value*>(x.data) + item / y.dim[1] * x.dim[1] * x.dim[2] * x.stride;
    resize_row<Value>(call, item, apply_fused, [&](int64_t i, Value* to) {
      resize_pixel<Mix>(x, image, row, resize_place(i, x.dim[2], column_scale, sampling), to);
    });
  }
}

template <class Value>
inline void resize_nearest_rows(const Call& call, int64_t begin, int64_t end, ApplyFused apply_fused) {
  const View &x = call.in[0], &y = call.out[0];
  const ResizeSampling sampling = resize_sampling(call);
  const float row_scale = resize_scale(x.dim[1], y.dim[1], sampling);
  const float column_scale = resize_scale(x.dim[2], y.dim[2], sampling);
  for (int64_t item = begin; item < end; item++) {
    const int64_t row = resize_nearest_source(item % y.dim[1], x.dim[1], y.dim[1], row_scale, sampling);
    const Value* line =
        static_cast<const Value*>(x.data) + (item / y.dim[1] * x.dim[1] + row) * x.dim[2] * x.stride;
    resize_row<Value>(call, item, apply_fused, [&](int64_t i, Value* to) {
      const int64_t column = resize_nearest_source(i, x.dim[2], y.dim[2], column_scale, sampling);
      copy_pixel(line + column * x.stride, to, x.dim[3]);
    });
  }
}

inline void resize_bilinear_any(const Call& call, int64_t begin, int64_t end, ApplyFused apply_fused) {
  if (call.in[0].dtype == DType::f32) {
    resize_bilinear_rows<FloatMix>(call, begin, end, apply_fused);
  } else {
    resize_bilinear_rows<CodeMix>(call, begin, end, apply_fused);
  }
}

inline void resize_nearest_any(const Call& call, int64_t begin, int64_t end, ApplyFused apply_fused) {
  if (call.in[0].dtype == DType::f32) {
    resize_nearest_rows<float>(call, begin, end, apply_fused);
  } else {
    resize_nearest_rows<uint8_t>(call, begin, end, apply_fused);
  }
}

}  // namespace
}  // namespace qn
