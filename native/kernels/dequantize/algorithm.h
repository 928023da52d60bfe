// dequantize on 16 lanes. Include one of native/simd/code_lanes_*.h first.
#pragma once

#include "native/core/rows.h"
#include "native/kernels/dequantize/dequantize.h"

namespace qn {
namespace {

inline void dequantize_elements(const Call& call, int64_t begin, int64_t end) {
  const View &x = call.in[0], &y = call.out[0];
  const Lanes scale = broadcast(static_cast<float>(call.attribute[kDequantizeScale]));
  const Integers zero = broadcast_integer(static_cast<int32_t>(call.attribute[kDequantizeZero]));
  const Tiling tiling = tiling_of(x, y);
  for (int64_t i = begin; i < end; i++) {
    const RowTile tile = tile_of(tiling, i);
    for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
      const uint8_t* from = static_cast<const uint8_t*>(x.data) + row * x.stride + tile.first_column;
      float* to = static_cast<float*>(y.data) + row * y.stride + tile.first_column;
      int64_t c = 0;
      for (; c + 16 <= tile.columns; c += 16)
        store(to + c, mul(scale, to_lanes(sub(load_codes(from + c, 16), zero))));
      const int64_t left = tile.columns - c;
      if (left > 0) store_first(to + c, left, mul(scale, to_lanes(sub(load_codes(from + c, left), zero))));
    }
  }
}

}  // namespace
}  // namespace qn
