// Pools, a vector lane a channel. Include one each of native/simd/code_lanes_*.h and byte_lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/elementwise/apply_fused.h"
#include "native/elementwise/tile_pixels.h"
#include "native/kernels/pool2d/pool2d.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

using ApplyFused = void (*)(const Call&, const FusedTile&);

struct MaxOfFloats {
  using Value = float;
  using Sum = Lanes;
  static constexpr int64_t kChannels = kLanes;
  Lanes lo, hi;

  explicit MaxOfFloats(const Call& call)
      : lo(broadcast(static_cast<float>(call.attribute[kPoolLo]))),
        hi(broadcast(static_cast<float>(call.attribute[kPoolHi]))) {}
  QN_INLINE Sum start() const { return broadcast(-infinity()); }
  QN_INLINE Sum load_cell(const float* p, int64_t n) const {
    return n == kLanes ? load(p) : load_first(p, n);
  }
  // The first operand's NaN does not survive.
  QN_INLINE Sum add_cell(Sum largest, Sum x) const { return max(x, largest); }
  QN_INLINE void finish(float* y, int64_t n, Sum largest, int64_t) const {
    store_some(y, n, min(hi, max(lo, largest)));
  }
  static QN_INLINE void store_some(float* y, int64_t n, Lanes a) {
    if (n == kLanes) return store(y, a);
    store_first(y, n, a);
  }
};

struct MeanOfFloats : MaxOfFloats {
  using MaxOfFloats::MaxOfFloats;
  QN_INLINE Sum start() const { return zero_lanes(); }
  QN_INLINE Sum add_cell(Sum sum, Sum x) const { return add(sum, x); }
  QN_INLINE void finish(float* y, int64_t n, Sum sum, int64_t cells) const {
    const Lanes mean = div(sum, broadcast(static_cast<float>(cells)));
    store_some(y, n, min(hi, max(lo, mean)));
  }
};

struct MaxOfCodes {
  using Value = uint8_t;
  using Sum = Bytes;
  static constexpr int64_t kChannels = kByteLanes;
  Bytes lo, hi;

  explicit MaxOfCodes(const Call& call)
      : lo(broadcast_byte(static_cast<uint8_t>(call.attribute[kPoolLo]))),
        hi(broadcast_byte(static_cast<uint8_t>(call.attribute[kPoolHi]))) {}
  QN_INLINE Sum start() const { return lo; }
  QN_INLINE Sum load_cell(const uint8_t* p, int64_t) const { return load_bytes(p); }
  QN_INLINE Sum add_cell(Sum largest, Sum x) const { return max(largest, x); }
  QN_INLINE void finish(uint8_t* y, int64_t n, Sum largest, int64_t) const {
    store_bytes(y, n, min(hi, largest));
  }
};

struct MeanOfCodes {
  using Value = uint8_t;
  using Sum = Integers;
  static constexpr int64_t kChannels = kLanes;
  int32_t x_zero;
  Integers y_zero;
  Lanes multiplier, lo, hi;

  explicit MeanOfCodes(const Call& call)
      : x_zero(static_cast<int32_t>(call.attribute[kPoolXZero])),
        y_zero(broadcast_integer(static_cast<int32_t>(call.attribute[kPoolYZero]))),
        multiplier(broadcast(static_cast<float>(call.attribute[kPoolMultiplier]))),
        lo(broadcast(static_cast<float>(call.attribute[kPoolLo] - call.attribute[kPoolYZero]))),
        hi(broadcast(static_cast<float>(call.attribute[kPoolHi] - call.attribute[kPoolYZero]))) {}
  QN_INLINE Sum start() const { return broadcast_integer(0); }
  QN_INLINE Sum load_cell(const uint8_t* p, int64_t n) const { return load_codes(p, n); }
  QN_INLINE Sum add_cell(Sum sum, Sum x) const { return add(sum, x); }
  QN_INLINE void finish(uint8_t* y, int64_t n, Sum sum, int64_t cells) const {
    const Integers centred = sub(sum, broadcast_integer(static_cast<int32_t>(cells) * x_zero));
    const Lanes mean = div(to_lanes(centred), broadcast(static_cast<float>(cells)));
    const Lanes r = min(hi, max(lo, mul(mean, multiplier)));
    store_codes(y, n, add(to_integers(r), y_zero));
  }
};

// kWidth cells of a row, or as many as `width` says.
template <int kWidth, class Pool>
QN_INLINE typename Pool::Sum add_row(const Pool& pool, typename Pool::Sum sum,
                                     const typename Pool::Value* cell, int64_t step, int64_t width,
                                     int64_t n) {
  if constexpr (kWidth > 0) {
    QN_UNROLL for (int kx = 0; kx < kWidth; kx++) {
      sum = pool.add_cell(sum, pool.load_cell(cell + kx * step, n));
    }
  } else {
    for (int64_t kx = 0; kx < width; kx++) sum = pool.add_cell(sum, pool.load_cell(cell + kx * step, n));
  }
  return sum;
}

// All channels of an output whose window begins at `first`.
template <int kWidth, class Pool>
inline void pool_window(const Pool& pool, const View& x, const typename Pool::Value* first, int64_t height,
                        int64_t width, int64_t channels, typename Pool::Value* y) {
  const int64_t line = x.dim[2] * x.stride;
  for (int64_t c = 0; c < channels; c += Pool::kChannels) {
    const int64_t n = channels - c < Pool::kChannels ? channels - c : Pool::kChannels;
    auto sum = pool.start();
    for (int64_t ky = 0; ky < height; ky++) {
      sum = add_row<kWidth>(pool, sum, first + ky * line + c, x.stride, width, n);
    }
    pool.finish(y + c, n, sum, height * width);
  }
}

template <class Pool>
inline void pool_pixel(const Call& call, const Pool& pool, const WindowAxis& w, const TapRange& rows,
                       const typename Pool::Value* line, int64_t column, typename Pool::Value* y) {
  const View& x = call.in[0];
  const TapRange columns = taps_inside(w, column);
  const auto* first = line + (first_cell(w, column) + columns.begin) * x.stride;
  const int64_t height = rows.end - rows.begin, width = columns.end - columns.begin;
  const int64_t channels = call.out[0].dim[3];
  if (width == 3) {
    pool_window<3>(pool, x, first, height, width, channels, y);
  } else {
    pool_window<0>(pool, x, first, height, width, channels, y);
  }
}

template <class Pool>
inline void pool_rows(const Call& call, int64_t begin, int64_t end, ApplyFused apply_fused) {
  using Value = typename Pool::Value;
  const Pool pool(call);
  const View &x = call.in[0], &y = call.out[0];
  const WindowAxis h = pool_axis(call, 0), w = pool_axis(call, 1);
  const int64_t tile = tile_pixels(y.dim[3]);
  for (int64_t item = begin; item < end; item++) {
    const int64_t row = item % h.outputs;
    const TapRange rows = taps_inside(h, row);
    const int64_t line = item / h.outputs * h.inputs + first_cell(h, row) + rows.begin;
    const Value* from = static_cast<const Value*>(x.data) + line * w.inputs * x.stride;
    Value* to = static_cast<Value*>(y.data) + item * w.outputs * y.stride;
    for (int64_t column = 0; column < w.outputs; column += tile) {
      const int64_t stop = column + tile < w.outputs ? column + tile : w.outputs;
      for (int64_t i = column; i < stop; i++) pool_pixel(call, pool, w, rows, from, i, to + i * y.stride);
      apply_fused(call, {item * w.outputs + column, stop - column, 1, 0, y.dim[3]});
    }
  }
}

template <class OfFloats, class OfCodes>
inline void pool_any(const Call& call, int64_t begin, int64_t end, ApplyFused apply_fused) {
  if (call.in[0].dtype == DType::f32) {
    pool_rows<OfFloats>(call, begin, end, apply_fused);
  } else {
    pool_rows<OfCodes>(call, begin, end, apply_fused);
  }
}

}  // namespace
}  // namespace qn
