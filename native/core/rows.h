// A tensor as rows of its last axis.
#pragma once

#include "native/core/call.h"

namespace qn {

static inline int64_t columns_of(const View& view) { return view.rank == 0 ? 1 : view.dim[view.rank - 1]; }

static inline int64_t rows_of(const View& view) {
  int64_t rows = 1;
  for (int32_t d = 0; d + 1 < view.rank; d++) rows *= view.dim[d];
  return rows;
}

static inline int64_t elements_of(const View& view) { return rows_of(view) * columns_of(view); }

// Whether the rows follow one another.
static inline bool is_dense(const View& view) {
  return view.stride == columns_of(view) || rows_of(view) <= 1;
}

static inline bool same_shape(const View& a, const View& b) {
  if (a.rank != b.rank) return false;
  for (int32_t d = 0; d < a.rank; d++) {
    if (a.dim[d] != b.dim[d]) return false;
  }
  return true;
}

// Of f32, i32, u8 and i8.
static inline int64_t element_bytes(const View& view) {
  return view.dtype == DType::u8 || view.dtype == DType::i8 ? 1 : 4;
}

// Work items of ops that go element by element: tiles of about this many, of whole rows or, where rows are
// long, of parts of one row. They stay in the L1 cache from one pass to the next.
inline constexpr int64_t kTileElements = 2048;

struct RowTile {
  int64_t first_row, rows;
  int64_t first_column, columns;
};

struct Tiling {
  int64_t rows, columns;                    // of the tensor
  int64_t tile_rows, tile_columns, across;  // across: tiles side by side in a row

  int64_t tiles() const { return (rows + tile_rows - 1) / tile_rows * across; }

  RowTile tile(int64_t number) const {
    const int64_t row = number / across * tile_rows, column = number % across * tile_columns;
    const int64_t rows_left = rows - row, columns_left = columns - column;
    return {row, rows_left < tile_rows ? rows_left : tile_rows, column,
            columns_left < tile_columns ? columns_left : tile_columns};
  }
};

static inline Tiling tiling_of(const View& view) {
  const int64_t rows = rows_of(view), columns = columns_of(view);
  const int64_t wide = columns < 1 ? 1 : columns < kTileElements ? columns : kTileElements;
  return {rows, columns, kTileElements / wide, wide, (columns + wide - 1) / wide};
}

}  // namespace qn
