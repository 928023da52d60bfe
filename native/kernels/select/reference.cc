#include "native/core/broadcast.h"
#include "native/core/rows.h"
#include "native/kernels/select/select.h"

namespace qn {
namespace {

template <class T>
void select_tile(const Call& call, const RowTile& tile) {
  const View& y = call.out[0];
  const Broadcast condition(call.in[0], y), left(call.in[1], y), right(call.in[2], y);
  const int64_t condition_step = condition.column_step(y);
  const int64_t left_step = left.column_step(y), right_step = right.column_step(y);
  for (int64_t row = tile.first_row; row < tile.first_row + tile.rows; row++) {
    const uint8_t* is_true = static_cast<const uint8_t*>(call.in[0].data) + condition.row_offset(y, row);
    const T* a = static_cast<const T*>(call.in[1].data) + left.row_offset(y, row);
    const T* b = static_cast<const T*>(call.in[2].data) + right.row_offset(y, row);
    T* result = static_cast<T*>(y.data) + row * y.stride;
    for (int64_t c = tile.first_column; c < tile.first_column + tile.columns; c++)
      result[c] = is_true[c * condition_step] ? a[c * left_step] : b[c * right_step];
  }
}

}  // namespace

void select_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const Tiling tiling = tiling_of(call.out[0]);
  for (int64_t i = begin; i < end; i++) {
    if (call.out[0].dtype == DType::u8) {
      select_tile<uint8_t>(call, tile_of(tiling, i));
    } else {
      select_tile<uint32_t>(call, tile_of(tiling, i));
    }
  }
}

}  // namespace qn
