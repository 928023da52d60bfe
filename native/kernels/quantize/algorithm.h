// quantize on 16 lanes. Include one of native/simd/code_lanes_*.h first.
#pragma once

#include "native/core/rows.h"
#include "native/kernels/quantize/quantize.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

struct ByInverse {
  Lanes inverse, lo, hi;
  Integers zero;
  QN_INLINE Integers operator()(Lanes x) const {
    return add(to_integers(min(max(mul(x, inverse), lo), hi)), zero);
  }
};

struct ByScale {
  Lanes scale, zero, lo, hi;
  QN_INLINE Integers operator()(Lanes x) const {
    return to_integers(min(max(add(div(x, scale), zero), lo), hi));
  }
};

template <class Function>
inline void quantize_tile(const View& x, const View& y, const RowTile& tile, const Function& function) {
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    const float* from = static_cast<const float*>(x.data) + row * x.stride + tile.first_column;
    uint8_t* to = static_cast<uint8_t*>(y.data) + row * y.stride + tile.first_column;
    int64_t c = 0;
    for (; c + 16 <= tile.columns; c += 16) store_codes(to + c, 16, function(load(from + c)));
    const int64_t left = tile.columns - c;
    if (left > 0) store_codes(to + c, left, function(load_first(from + c, left)));
  }
}

inline void quantize_elements(const Call& call, int64_t begin, int64_t end) {
  const float scale = static_cast<float>(call.attribute[kQuantizeScale]);
  const float zero = static_cast<float>(call.attribute[kQuantizeZero]);
  const ByInverse by_inverse{broadcast(1.0f / scale), broadcast(-zero), broadcast(255.0f - zero),
                             broadcast_integer(static_cast<int32_t>(zero))};
  const ByScale by_scale{broadcast(scale), broadcast(zero), zero_lanes(), broadcast(255.0f)};
  const Tiling tiling = tiling_of(call.in[0], call.out[0]);
  for (int64_t i = begin; i < end; i++) {
    if (call.attribute[kQuantizeMode] == 1) {
      quantize_tile(call.in[0], call.out[0], tile_of(tiling, i), by_scale);
    } else {
      quantize_tile(call.in[0], call.out[0], tile_of(tiling, i), by_inverse);
    }
  }
}

}  // namespace
}  // namespace qn
