// mean on 16 lanes, a lane a channel, four vectors at once. Include one of native/simd/code_lanes_*.h first.
#pragma once

#include "native/core/float_math.h"
#include "native/elementwise/apply_fused.h"
#include "native/kernels/mean/mean.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

inline constexpr int kVectors = kMeanChannels / kLanes;

QN_INLINE Lanes load_values(const float* p, int64_t n) { return n == kLanes ? load(p) : load_first(p, n); }
QN_INLINE Integers load_values(const uint8_t* p, int64_t n) { return load_codes(p, n); }
QN_INLINE Lanes zero_of(const float*) { return zero_lanes(); }
QN_INLINE Integers zero_of(const uint8_t*) { return broadcast_integer(0); }

// The channels [0, n) of kCount vectors from x on, the last of which has `last` channels.
template <int kCount, class Value, class Sum>
QN_INLINE void sum_pixels(const View& view, const Value* x, int64_t last, Sum* total) {
  QN_UNROLL for (int v = 0; v < kCount; v++) total[v] = zero_of(x);
  for (int64_t row = 0; row < view.dim[1]; row++) {
    Sum sum[kCount];
    QN_UNROLL for (int v = 0; v < kCount; v++) sum[v] = zero_of(x);
    for (int64_t column = 0; column < view.dim[2]; column++, x += view.stride) {
      QN_UNROLL for (int v = 0; v < kCount; v++) {
        sum[v] = add(sum[v], load_values(x + v * kLanes, v + 1 < kCount ? kLanes : last));
      }
    }
    QN_UNROLL for (int v = 0; v < kCount; v++) total[v] = add(total[v], sum[v]);
  }
}

inline void store_mean(const Call& call, int64_t to, int64_t n, Lanes total) {
  const Lanes pixels = broadcast(static_cast<float>(call.in[0].dim[1] * call.in[0].dim[2]));
  store_first(static_cast<float*>(call.out[0].data) + to, n, div(total, pixels));
}

inline void store_mean(const Call& call, int64_t to, int64_t n, Integers total) {
  const int64_t pixels = call.in[0].dim[1] * call.in[0].dim[2];
  const int64_t zeros = pixels * static_cast<int64_t>(call.attribute[kMeanXZero]);
  const float y_zero = static_cast<float>(call.attribute[kMeanYZero]);
  const Lanes centred = to_lanes(sub(total, broadcast_integer(static_cast<int32_t>(zeros))));
  const Lanes r = mul(centred, broadcast(static_cast<float>(call.attribute[kMeanMultiplier])));
  const Lanes inside = min(max(r, broadcast(-y_zero)), broadcast(255.0f - y_zero));
  const Integers codes = add(to_integers(inside), broadcast_integer(static_cast<int32_t>(y_zero)));
  store_codes(static_cast<uint8_t*>(call.out[0].data) + to, n, codes);
}

template <class Value, class Sum>
inline void mean_item_of(const Call& call, const MeanItem& item) {
  const View& x = call.in[0];
  const int64_t n = item.channel_end - item.channel_begin;
  const int64_t vectors = (n + kLanes - 1) / kLanes, last = n - (vectors - 1) * kLanes;
  const Value* from =
      static_cast<const Value*>(x.data) + item.image * x.dim[1] * x.dim[2] * x.stride + item.channel_begin;
  Sum total[kVectors];
  if (vectors == 4) {
    sum_pixels<4>(x, from, last, total);
  } else if (vectors == 3) {
    sum_pixels<3>(x, from, last, total);
  } else if (vectors == 2) {
    sum_pixels<2>(x, from, last, total);
  } else {
    sum_pixels<1>(x, from, last, total);
  }
  const int64_t to = item.image * call.out[0].stride + item.channel_begin;
  for (int64_t v = 0; v < vectors; v++) {
    store_mean(call, to + v * kLanes, v + 1 < vectors ? kLanes : last, total[v]);
  }
}

inline void mean_items_of(const Call& call, int64_t begin, int64_t end,
                          void (*apply_fused)(const Call&, const FusedTile&)) {
  for (int64_t i = begin; i < end; i++) {
    const MeanItem item = mean_item(call, i);
    if (call.in[0].dtype == DType::f32) {
      mean_item_of<float, Lanes>(call, item);
    } else {
      mean_item_of<uint8_t, Integers>(call, item);
    }
    apply_fused(call, {item.image, 1, 1, item.channel_begin, item.channel_end - item.channel_begin});
  }
}

}  // namespace
}  // namespace qn
