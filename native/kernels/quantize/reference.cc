#include <cmath>

#include "native/core/rows.h"
#include "native/kernels/quantize/quantize.h"

namespace qn {
namespace {

float clamped(float x, float lo, float hi) {
  const float least = x > lo ? x : lo;
  return least < hi ? least : hi;
}

}  // namespace

void quantize_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  const float scale = static_cast<float>(call.attribute[kQuantizeScale]);
  const float zero = static_cast<float>(call.attribute[kQuantizeZero]);
  const float inverse = 1.0f / scale;
  const bool exact = call.attribute[kQuantizeMode] == 1;
  const Tiling tiling = tiling_of(x, y);
  for (int64_t i = begin; i < end; i++) {
    const RowTile tile = tile_of(tiling, i);
    for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
      const float* from = static_cast<const float*>(x.data) + row * x.stride + tile.first_column;
      uint8_t* to = static_cast<uint8_t*>(y.data) + row * y.stride + tile.first_column;
      for (int64_t c = 0; c < tile.columns; c++) {
        // Clamped before it is rounded, so that it fits an integer: the bounds are integers.
        to[c] = static_cast<uint8_t>(
            exact ? std::nearbyint(clamped(from[c] / scale + zero, 0.0f, 255.0f))
                  : std::nearbyint(clamped(from[c] * inverse, -zero, 255.0f - zero)) + zero);
      }
    }
  }
}

}  // namespace qn
