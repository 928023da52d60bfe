#include <algorithm>
#include <limits>

#include "native/core/rows.h"
#include "native/kernels/cast/cast.h"

namespace qn {
namespace {

template <class To, class From>
To convert(From x) {
  if constexpr (std::numeric_limits<To>::is_integer) {
    if (x != x) return 0;
    // All values of the three types are doubles.
    constexpr double lo = std::numeric_limits<To>::min(), hi = std::numeric_limits<To>::max();
    return static_cast<To>(std::clamp(static_cast<double>(x), lo, hi));
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
void cast_tile(const View& x, const View& y, const RowTile& tile) {
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    const From* from = static_cast<const From*>(x.data) + row * x.stride + tile.first_column;
    To* to = static_cast<To*>(y.data) + row * y.stride + tile.first_column;
    for (int64_t c = 0; c < tile.columns; c++) to[c] = convert<To>(from[c]);
  }
}

template <class From>
void cast_from(const View& x, const View& y, const RowTile& tile) {
  if (y.dtype == DType::f32) return cast_tile<From, float>(x, y, tile);
  if (y.dtype == DType::i32) return cast_tile<From, int32_t>(x, y, tile);
  cast_tile<From, uint8_t>(x, y, tile);
}

}  // namespace

void cast_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  const Tiling tiling = tiling_of(x, y);
  for (int64_t i = begin; i < end; i++) {
    if (x.dtype == DType::f32) {
      cast_from<float>(x, y, tile_of(tiling, i));
    } else if (x.dtype == DType::i32) {
      cast_from<int32_t>(x, y, tile_of(tiling, i));
    } else {
      cast_from<uint8_t>(x, y, tile_of(tiling, i));
    }
  }
}

}  // namespace qn
