#include "native/core/rows.h"
#include "native/kernels/dequantize/dequantize.h"

namespace qn {

void dequantize_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  const float scale = static_cast<float>(call.attribute[kDequantizeScale]);
  const int32_t zero = static_cast<int32_t>(call.attribute[kDequantizeZero]);
  const Tiling tiling = tiling_of(x, y);
  for (int64_t i = begin; i < end; i++) {
    const RowTile tile = tile_of(tiling, i);
    for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
      const uint8_t* from = static_cast<const uint8_t*>(x.data) + row * x.stride + tile.first_column;
      float* to = static_cast<float*>(y.data) + row * y.stride + tile.first_column;
      for (int64_t c = 0; c < tile.columns; c++) to[c] = scale * static_cast<float>(from[c] - zero);
    }
  }
}

}  // namespace qn
