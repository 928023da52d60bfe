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
  float* state;  // its first element
  int64_t stride;
  int64_t rows, cols;  // that exist
};

// Adds the product of a strip of a and a strip of b.
QN_NOINLINE void add_tile(const float* a, const float* b, int64_t tokens, const Tile& tile) {
  // A large state comes from memory, and would be waited for at the end.
  for (int i = 0; i < kTileRows; ++i) {
    for (int v = 0; v < kTileVectors; ++v) prefetch(tile.state + i * tile.stride + v * 16);
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
      float* p = tile.state + i * tile.stride + v * 16;
      const int64_t left = tile.cols - v * 16;
      if (left >= 16) {
        store(p, add(load(p), acc[i][v]));
      } else if (left > 0) {
        store_first(p, left, add(load_first(p, left), acc[i][v]));
      }
    }
  }
}

struct Square {
  int64_t row, col;
};

// The square of work item `item`: all of them by rows, or those that the diagonal crosses and those above.
inline Square square_of(const Call& call, int64_t edge, int64_t item) {
  const int64_t across = (call.in[2].dim[1] + edge - 1) / edge;
  if (!gram_is_symmetric(call)) return {item / across * edge, item % across * edge};
  int64_t row = 0;
  for (; item >= across - row; ++row) item -= across - row;
  return {row * edge, (row + item) * edge};
}

// state[k][m] = state[m][k] for rows and columns [m, m + 4) and [k, k + 4).
inline void mirror_four(float* state, int64_t size, int64_t m, int64_t k) {
  const float* from = state + m * size + k;
  float* to = state + k * size + m;
  __m128 r0 = _mm_loadu_ps(from), r1 = _mm_loadu_ps(from + size);
  __m128 r2 = _mm_loadu_ps(from + 2 * size), r3 = _mm_loadu_ps(from + 3 * size);
  _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
  _mm_storeu_ps(to, r0);
  _mm_storeu_ps(to + size, r1);
  _mm_storeu_ps(to + 2 * size, r2);
  _mm_storeu_ps(to + 3 * size, r3);
}

// Copies what a square holds above the diagonal to below it, by blocks whose rows of cache lines L1 can hold.
inline void mirror(float* state, int64_t size, const Square& square, int64_t row_end, int64_t col_end) {
  constexpr int64_t kBlock = 16;
  for (int64_t row = square.row; row < row_end; row += kBlock) {
    for (int64_t col = square.col > row ? square.col : row; col < col_end; col += kBlock) {
      if (col > row && row + kBlock <= row_end && col + kBlock <= col_end) {
        for (int64_t k = col; k < col + kBlock; k += 4) {
          for (int64_t m = row; m < row + kBlock; m += 4) mirror_four(state, size, m, k);
        }
        continue;
      }
      const int64_t m_end = row + kBlock < row_end ? row + kBlock : row_end;
      const int64_t k_end = col + kBlock < col_end ? col + kBlock : col_end;
      for (int64_t m = row; m < m_end; ++m) {
        for (int64_t k = col > m ? col : m + 1; k < k_end; ++k) state[k * size + m] = state[m * size + k];
      }
    }
  }
}

inline void add_square(const Call& call, const Square& square, int64_t edge, float* scratch) {
  const View &a = call.in[0], &b = call.in[1];
  const int64_t tokens = a.dim[0], rows = a.dim[1], cols = b.dim[1];
  float* state = static_cast<float*>(call.out[0].data);
  float* a_strips = scratch;
  float* b_strips = scratch + gram_copy_floats(edge);
  const bool symmetric = gram_is_symmetric(call);
  const int64_t row_end = square.row + edge < rows ? square.row + edge : rows;
  const int64_t col_end = square.col + edge < cols ? square.col + edge : cols;
  for (int64_t token = 0; token < tokens; token += kGramBlockTokens) {
    const int64_t token_end = token + kGramBlockTokens < tokens ? token + kGramBlockTokens : tokens;
    const int64_t count = token_end - token;
    copy_strips<kTileRows>(a, token, token_end, square.row, edge, a_strips);
    copy_strips<kTileColumns>(b, token, token_end, square.col, edge, b_strips);
    // A strip of b stays in L1 while those of a pass by.
    for (int64_t col = square.col; col < col_end; col += kTileColumns) {
      for (int64_t row = square.row; row < row_end; row += kTileRows) {
        if (symmetric && row >= col + kTileColumns) break;  // below the diagonal
        add_tile(a_strips + (row - square.row) / kTileRows * strip_floats<kTileRows>(count),
                 b_strips + (col - square.col) / kTileColumns * strip_floats<kTileColumns>(count), count,
                 {state + row * cols + col, cols, row_end - row, col_end - col});
      }
    }
  }
  if (symmetric) mirror(state, rows, square, row_end, col_end);
}

inline void gram(const Call& call, int64_t begin, int64_t end, void* scratch) {
  const int64_t edge = gram_edge(call);
  for (int64_t item = begin; item < end; ++item) {
    add_square(call, square_of(call, edge, item), edge, static_cast<float*>(scratch));
  }
}

}  // namespace
}  // namespace qn
