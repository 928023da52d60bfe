// gram in register tiles, on 16 lanes. An ISA file includes its lanes (native/simd/lanes_*.h), defines
//
//   kTileRows, kTileVectors   the register tile: rows of the state, and vectors of 16 of its columns
//
// and then includes this. The edge of a square is a multiple of both.
#pragma once

#include "native/kernels/gram/gram.h"

namespace qn {
namespace {

inline constexpr int kTileColumns = kTileVectors * 16;

// Rows of a or b that are copied together. They lie a row apart, often a multiple of 4 KiB, where an L1 cache
// holds eight lines.
inline constexpr int64_t kCopyTokens = 8;

template <int kWidth>
QN_INLINE int64_t strip_floats(int64_t tokens) {
  return tokens * kWidth + kGramStripPadding;
}

// The columns [begin, begin + edge) of x, tokens [token, token_end), in strips; zeros for columns that x does
// not have.
template <int kWidth>
void copy_strips(const View& x, int64_t token, int64_t token_end, int64_t begin, int64_t edge, float* to) {
  const int64_t cols = x.dim[1], stride = strip_floats<kWidth>(token_end - token);
  const float* data = static_cast<const float*>(x.data);
  for (int64_t first = token; first < token_end; first += kCopyTokens) {
    const int64_t end = first + kCopyTokens < token_end ? first + kCopyTokens : token_end;
    float* strip = to + (first - token) * kWidth;
    for (int64_t column = begin; column < begin + edge; column += kWidth, strip += stride) {
      float* p = strip;
      for (int64_t t = first; t < end; ++t, p += kWidth) {
        const float* row = data + t * cols + column;
        for (int i = 0; i < kWidth; i += 16) {
          const int64_t left = cols - column - i;
          store(p + i, left >= 16 ? load(row + i) : left > 0 ? load_first(row + i, left) : zero_lanes());
        }
      }
    }
  }
}

struct Tile {
  float *sums, *errors;  // the first element of each
  int64_t stride;
  int64_t rows, cols;  // that exist
};

// Adds x to the pair: what rounding takes from the sum goes into the error, whose own addition rounds.
QN_INLINE void add_to(Lanes& sum, Lanes& error, Lanes x) {
  const Lanes s = add(sum, x);
  const Lanes rest = sub(s, sum);
  error = add(error, add(sub(sum, sub(s, rest)), sub(x, rest)));
  sum = s;
}

// Adds the product of a strip of a and a strip of b.
QN_NOINLINE void add_tile(const float* a, const float* b, int64_t tokens, const Tile& tile) {
  // A large state comes from memory, and would be waited for at the end.
  for (int i = 0; i < kTileRows; ++i) {
    for (int v = 0; v < kTileVectors; ++v) {
      prefetch(tile.sums + i * tile.stride + v * 16);
      prefetch(tile.errors + i * tile.stride + v * 16);
    }
  }
  Lanes acc[kTileRows][kTileVectors];
  QN_UNROLL for (int i = 0; i < kTileRows; ++i) {
    QN_UNROLL for (int v = 0; v < kTileVectors; ++v) acc[i][v] = zero_lanes();
  }
  for (int64_t t = 0; t < tokens; ++t, a += kTileRows, b += kTileColumns) {
    Lanes columns[kTileVectors];
    QN_UNROLL for (int v = 0; v < kTileVectors; ++v) columns[v] = load(b + v * 16);
    QN_UNROLL for (int i = 0; i < kTileRows; ++i) {
      const Lanes row = broadcast(a[i]);
      QN_UNROLL for (int v = 0; v < kTileVectors; ++v) acc[i][v] = fma(row, columns[v], acc[i][v]);
    }
  }
  QN_UNROLL for (int i = 0; i < kTileRows; ++i) {
    if (i >= tile.rows) break;
    QN_UNROLL for (int v = 0; v < kTileVectors; ++v) {
      const int64_t offset = i * tile.stride + v * 16, left = tile.cols - v * 16;
      float *sums = tile.sums + offset, *errors = tile.errors + offset;
      if (left >= 16) {
        Lanes sum = load(sums), error = load(errors);
        add_to(sum, error, acc[i][v]);
        store(sums, sum);
        store(errors, error);
      } else if (left > 0) {
        Lanes sum = load_first(sums, left), error = load_first(errors, left);
        add_to(sum, error, acc[i][v]);
        store_first(sums, left, sum);
        store_first(errors, left, error);
      }
    }
  }
}

struct Square {
  int64_t row, col;
};

// The square of work item `item`: all of them by rows, or those that the diagonal crosses and those above.
inline Square square_of(const Call& call, int64_t edge, int64_t item) {
  const int64_t across = (call.in[1].dim[1] + edge - 1) / edge;
  if (!gram_is_symmetric(call)) return {item / across * edge, item % across * edge};
  int64_t row = 0;
  for (; item >= across - row; ++row) item -= across - row;
  return {row * edge, (row + item) * edge};
}

// Adds the product of the tokens [token, token_end) to a square.
inline void add_square(const Call& call, const Square& square, int64_t edge, int64_t token, int64_t token_end,
                       float* scratch) {
  const View &a = call.in[0], &b = call.in[1];
  const int64_t rows = a.dim[1], cols = b.dim[1], count = token_end - token;
  float* sums = static_cast<float*>(call.out[0].data);
  float* errors = sums + rows * cols;
  float* a_strips = scratch;
  float* b_strips = scratch + gram_copy_floats(edge);
  const bool symmetric = gram_is_symmetric(call);
  const int64_t row_end = square.row + edge < rows ? square.row + edge : rows;
  const int64_t col_end = square.col + edge < cols ? square.col + edge : cols;
  copy_strips<kTileRows>(a, token, token_end, square.row, edge, a_strips);
  copy_strips<kTileColumns>(b, token, token_end, square.col, edge, b_strips);
  // A strip of b stays in L1 while those of a pass by.
  for (int64_t col = square.col; col < col_end; col += kTileColumns) {
    for (int64_t row = square.row; row < row_end; row += kTileRows) {
      if (symmetric && row >= col + kTileColumns) break;  // below the diagonal
      const int64_t first = row * cols + col;
      add_tile(a_strips + (row - square.row) / kTileRows * strip_floats<kTileRows>(count),
               b_strips + (col - square.col) / kTileColumns * strip_floats<kTileColumns>(count), count,
               {sums + first, errors + first, cols, row_end - row, col_end - col});
    }
  }
}

// Tiles that the diagonal crosses leave sums below it.
inline void clear_below(const Call& call, const Square& square, int64_t edge) {
  const int64_t size = call.in[0].dim[1];
  float* sums = static_cast<float*>(call.out[0].data);
  const int64_t row_end = square.row + edge < size ? square.row + edge : size;
  for (int64_t row = square.row; row < row_end; ++row) {
    for (int64_t col = square.col; col < row; ++col) {
      sums[row * size + col] = 0;
      sums[(size + row) * size + col] = 0;
    }
  }
}

inline void gram(const Call& call, int64_t begin, int64_t end, void* scratch) {
  const int64_t edge = gram_edge(call), sequences = call.in[2].dim[0];
  for (int64_t item = begin; item < end; ++item) {
    const Square square = square_of(call, edge, item);
    for (int64_t s = 0; s < sequences; ++s) {
      const Sequence sequence = sequence_at(call.in[2], s);
      const int64_t row_end = sequence.first_row + sequence.rows;
      for (int64_t token = sequence.first_row; token < row_end; token += kGramBlockTokens) {
        const int64_t token_end = token + kGramBlockTokens < row_end ? token + kGramBlockTokens : row_end;
        add_square(call, square, edge, token, token_end, static_cast<float*>(scratch));
      }
    }
    if (gram_is_symmetric(call)) clear_below(call, square, edge);
  }
}

}  // namespace
}  // namespace qn
