// A tensor as rows of its last axis. Everything is static: files for instruction sets include this header,
// and must not share the code generated for them.
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
};

static inline int64_t tiles_of(const Tiling& t) {
  return (t.rows + t.tile_rows - 1) / t.tile_rows * t.across;
}

static inline RowTile tile_of(const Tiling& t, int64_t number) {
  const int64_t row = number / t.across * t.tile_rows, column = number % t.across * t.tile_columns;
  const int64_t rows = t.rows - row, columns = t.columns - column;
  return {row, rows < t.tile_rows ? rows : t.tile_rows, column,
          columns < t.tile_columns ? columns : t.tile_columns};
}

static inline Tiling tiling_of(const View& view) {
  const int64_t rows = rows_of(view), columns = columns_of(view);
  const int64_t wide = columns < 1 ? 1 : columns < kTileElements ? columns : kTileElements;
  return {rows, columns, kTileElements / wide, wide, (columns + wide - 1) / wide};
}

// Of an op that treats all elements alike: where neither tensor has gaps, they are one long row.
static inline Tiling tiling_of(const View& x, const View& y) {
  if (!is_dense(x) || !is_dense(y)) return tiling_of(y);
  const int64_t elements = elements_of(y);
  return {1, elements, 1, kTileElements, (elements + kTileElements - 1) / kTileElements};
}

}  // namespace qn
