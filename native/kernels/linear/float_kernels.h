// linear with f32 activations, written once for AVX2 and AVX-512: float_avx2.cc and float_avx512.cc include
// their codes (native/panels/codes_*.h), and then this. What they define:
//
//   kTilePanels, kTileTokens        the register tile of gemm, in panels of 16 rows and in tokens
//   kTileColumns                    columns that an iteration of the tile's loop takes
//   gemv_panels(tokens)             panels that gemv keeps in flight
//
// The sums are those of float_reference.cc, bit for bit.
#pragma once

#include "native/kernels/linear/float_blocking.h"
#include "native/kernels/linear/linear.h"
#include "native/panels/decode.h"

namespace qn {
namespace {

// ---- Few tokens: bound by reading the weights
// -------------------------------------------------------------------

// Bytes ahead of its reads that a stream of codes is prefetched.
inline constexpr int64_t kPrefetchBytes = 2048;

// Rows of kPanels panels (from `panel`; beyond `panel_end` the last is computed again) for kTokens tokens.
// Decoded values stay in registers; several panels hide the latency of each other's chain of sums.
template <WeightFormat kFormat, int kPanels, int kTokens>
void gemv_tile(const Call& call, int64_t panel, int64_t panel_end) {
  const Weight& w = *call.in[1].weight;
  const float* x = static_cast<const float*>(call.in[0].data);
  const uint8_t* codes[kPanels];
  const uint8_t* params[kPanels];
  Lanes acc[kPanels][kTokens];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    const int64_t number = panel + p < panel_end ? panel + p : panel_end - 1;
    codes[p] = w.codes + number * w.panel_bytes;
    params[p] = w.group_params + number * w.groups * w.param_bytes;
    QN_UNROLL for (int t = 0; t < kTokens; ++t) acc[p][t] = zero_lanes();
  }
  const auto accumulate = [&](int p, int64_t k, Lanes value) QN_LAMBDA_INLINE {
    QN_UNROLL for (int t = 0; t < kTokens; ++t) acc[p][t] =
        fma(broadcast(x[t * w.cols + k]), value, acc[p][t]);
  };
  // Streams run on into the panels that this tile does not read: these lie behind the last stream.
  const auto prefetch = [&](int64_t offset) QN_LAMBDA_INLINE {
    int64_t ahead = offset + kPrefetchBytes;
    if (ahead >= w.panel_bytes) ahead += (kPanels - 1) * w.panel_bytes;
    QN_UNROLL for (int p = 0; p < kPanels; ++p)
        _mm_prefetch(reinterpret_cast<const char*>(codes[p] + ahead), _MM_HINT_T0);
  };
  if constexpr (kIsFloat<kFormat>) {
    for (int64_t k = 0; k < w.cols; ++k) {
      prefetch(k * kStepBytes<kFormat>);
      QN_UNROLL for (int p = 0; p < kPanels; ++p) {
        accumulate(p, k, load_values<kFormat>(codes[p] + k * kStepBytes<kFormat>));
      }
    }
  } else {
    constexpr int kColumns = kStepColumns<kFormat>;
    const auto table = table_of<kFormat>(w);
    int64_t k = 0;
    for (int64_t group = 0; group < w.groups; ++group) {
      Affine affine[kPanels];
      QN_UNROLL for (int p = 0; p < kPanels; ++p) {
        const uint8_t* from = params[p] + group * w.param_bytes;
        affine[p] = load_affine(w.params, from);
        _mm_prefetch(reinterpret_cast<const char*>(from + kPanels * w.groups * w.param_bytes), _MM_HINT_T0);
      }
      const int64_t group_end = (group + 1) * w.group < w.cols ? (group + 1) * w.group : w.cols;
      for (; k + kColumns <= group_end; k += kColumns) {
        const int64_t offset = k / kColumns * kStepBytes<kFormat>;
        prefetch(offset);
        Word word[kPanels];
        QN_UNROLL for (int p = 0; p < kPanels; ++p) word[p] = load_word(codes[p] + offset);
        unroll<kColumns>([&]<int i>() QN_LAMBDA_INLINE {
          QN_UNROLL for (int p = 0; p < kPanels; ++p) {
            accumulate(p, k + i, decode<kFormat, i>(word[p], affine[p], table));
          }
        });
      }
      if (k < group_end) {  // the columns of the last word that exist
        for (int p = 0; p < kPanels; ++p) {
          const Word word = load_word(codes[p] + k / kColumns * kStepBytes<kFormat>);
          unroll<kColumns>([&]<int i>() QN_LAMBDA_INLINE {
            if (k + i < group_end) accumulate(p, k + i, decode<kFormat, i>(word, affine[p], table));
          });
        }
        k = group_end;
      }
    }
  }
  float* out = static_cast<float*>(call.out[0].data);
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    const int64_t row = (panel + p) * kPanelRows;
    if (panel + p >= panel_end) break;
    const int64_t rows = w.rows - row < kPanelRows ? w.rows - row : kPanelRows;
    QN_UNROLL for (int t = 0; t < kTokens; ++t) store_first(out + t * w.rows + row, rows, acc[p][t]);
  }
}

template <WeightFormat kFormat, int kTokens>
void gemv_range(const Call& call, int64_t begin, int64_t end) {
  constexpr int kPanels = gemv_panels(kTokens);
  for (int64_t panel = begin; panel < end; panel += kPanels)
    gemv_tile<kFormat, kPanels, kTokens>(call, panel, end);
}

template <WeightFormat kFormat>
void gemv(const Call& call, int64_t begin, int64_t end) {
  static_assert(kGemvTokens == 4);
  switch (call.in[0].dim[0]) {
    case 1:
      return gemv_range<kFormat, 1>(call, begin, end);
    case 2:
      return gemv_range<kFormat, 2>(call, begin, end);
    case 3:
      return gemv_range<kFormat, 3>(call, begin, end);
    case 4:
      return gemv_range<kFormat, 4>(call, begin, end);
    default:
      return;  // no tokens
  }
}

// ---- Many tokens: bound by arithmetic
// ---------------------------------------------------------------------------

// What the tiles of one slice of columns share.
struct Slice {
  const float* weights[kTilePanels];  // [columns][16]
  int64_t columns;
  bool first;  // sums start at 0; otherwise they go on from the output
  int64_t x_stride;
  int64_t out_stride;
  int64_t rows[kTilePanels];  // of each panel: 16, fewer at the matrix's end, 0 for a panel that is not there
};

// Bytes to bring into L2 while a tile computes: `step` of them a column.
struct Prefetch {
  const uint8_t* from;
  int64_t step;
};

template <int kTokens>
void gemm_tile(const Slice& slice, const float* x, float* out, Prefetch ahead) {
  Lanes acc[kTilePanels][kTokens];
  QN_UNROLL for (int p = 0; p < kTilePanels; ++p) {
    QN_UNROLL for (int t = 0; t < kTokens; ++t) {
      acc[p][t] =
          slice.first ? zero_lanes() : load_first(out + t * slice.out_stride + p * kPanelRows, slice.rows[p]);
    }
  }
  // Every third token has a pointer of its own, the two after it are reached by the index register: twelve
  // pointers would not fit the general registers.
  constexpr int kPointers = (kTokens + 2) / 3;
  const int64_t stride = slice.x_stride;
  const float* tokens[kPointers];
  QN_UNROLL for (int i = 0; i < kPointers; ++i) tokens[i] = x + 3 * i * stride;
  const float* weights[kTilePanels];
  QN_UNROLL for (int p = 0; p < kTilePanels; ++p) weights[p] = slice.weights[p];
  const auto column = [&](int k) QN_LAMBDA_INLINE {
    Lanes value[kTilePanels];
    QN_UNROLL for (int p = 0; p < kTilePanels; ++p) value[p] = load(weights[p] + k * kPanelRows);
    QN_UNROLL for (int t = 0; t < kTokens; ++t) {
      const Lanes token = broadcast(tokens[t / 3][t % 3 * stride + k]);
      QN_UNROLL for (int p = 0; p < kTilePanels; ++p) acc[p][t] = fma(value[p], token, acc[p][t]);
    }
  };
  const auto advance = [&](int columns) QN_LAMBDA_INLINE {
    QN_UNROLL for (int i = 0; i < kPointers; ++i) tokens[i] += columns;
    QN_UNROLL for (int p = 0; p < kTilePanels; ++p) weights[p] += columns * kPanelRows;
  };
  int64_t left = slice.columns;
  for (; left >= kTileColumns; left -= kTileColumns) {
    QN_UNROLL for (int k = 0; k < kTileColumns; ++k) {
      _mm_prefetch(reinterpret_cast<const char*>(ahead.from), _MM_HINT_T1);
      ahead.from += ahead.step;
      column(k);
    }
    advance(kTileColumns);
  }
  for (; left > 0; --left) {
    column(0);
    advance(1);
  }
  QN_UNROLL for (int p = 0; p < kTilePanels; ++p) {
    QN_UNROLL for (int t = 0; t < kTokens; ++t) {
      store_first(out + t * slice.out_stride + p * kPanelRows, slice.rows[p], acc[p][t]);
    }
  }
}

using GemmTile = void (*)(const Slice&, const float*, float*, Prefetch);

template <int kTokens>
QN_INLINE GemmTile gemm_tile_of(int64_t tokens) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) return gemm_tile_of<kTokens - 1>(tokens);
  }
  return gemm_tile<kTokens>;
}

// The tokens [token, token_end) of x, columns from `column`, where a tile can read them: in place, or copied
// when rows lie multiples of 4 KiB apart and would fight for the same sets of the L1 cache.
struct Activations {
  const float* data;
  int64_t stride;
};

inline Activations gather_activations(const View& x, int64_t token, int64_t token_end, int64_t column,
                                      int64_t columns, float* copy) {
  const int64_t stride = x.dim[1];
  const float* from = static_cast<const float*>(x.data) + token * stride + column;
  if (stride % 1024 != 0) return {from, stride};
  for (int64_t t = 0; t < token_end - token; ++t) {
    const float* row = from + t * stride;
    float* to = copy + t * kFloatCopyStride;
    int64_t k = 0;
    for (; k + kPanelRows <= columns; k += kPanelRows) store(to + k, load(row + k));
    for (; k < columns; ++k) to[k] = row[k];
  }
  return {copy, kFloatCopyStride};
}

// One block of tokens by the pairs [pair, pair_end).
template <WeightFormat kFormat>
void gemm_block(const Call& call, int64_t token, int64_t token_end, int64_t pair, int64_t pair_end,
                float* scratch) {
  const Weight& w = *call.in[1].weight;
  float* out = static_cast<float*>(call.out[0].data) + token * w.rows;
  const int64_t tokens = token_end - token;
  const int64_t tiles = float_ceil_div(tokens, kTileTokens);
  const int64_t slices = float_ceil_div(w.cols, kFloatSliceColumns);
  const int64_t panel_end = pair_end * kFloatPairPanels < w.panels ? pair_end * kFloatPairPanels : w.panels;
  const int64_t column_bytes = w.panel_bytes / w.padded_cols;
  for (int64_t s = 0; s < slices; ++s) {
    const int64_t column = float_split(w.cols, slices, 64, s),
                  column_end = float_split(w.cols, slices, 64, s + 1);
    const int64_t columns = column_end - column;
    const Activations x =
        gather_activations(call.in[0], token, token_end, column, columns, scratch + kFloatPairFloats);
    for (int64_t panel = pair * kFloatPairPanels; panel < panel_end; panel += kTilePanels) {
      Slice slice{{}, columns, s == 0, x.stride, w.rows, {}};
      for (int p = 0; p < kTilePanels; ++p) {
        const int64_t number = panel + p < panel_end ? panel + p : panel_end - 1;
        const int64_t rows = w.rows - (panel + p) * kPanelRows;
        slice.rows[p] = rows < 0 ? 0 : rows < kPanelRows ? rows : kPanelRows;
        if constexpr (kFormat == WeightFormat::f32) {
          const float* floats = reinterpret_cast<const float*>(w.codes + number * w.panel_bytes);
          slice.weights[p] = floats + column * kPanelRows;
        } else {
          float* floats = scratch + p * kPanelRows * kFloatSliceColumns;
          dequantize<kFormat>(w, number, column, column_end, floats);
          slice.weights[p] = floats;
        }
      }
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t begin = tokens * tile / tiles, end = tokens * (tile + 1) / tiles;
        // While the first tiles compute, the next panels arrive from memory: one panel a tile.
        Prefetch ahead{reinterpret_cast<const uint8_t*>(slice.weights[0]), 0};
        if (tile < kTilePanels && panel + kTilePanels + tile < panel_end) {
          const int64_t next = panel + kTilePanels + tile;
          ahead = {w.codes + next * w.panel_bytes + column * column_bytes, column_bytes};
        }
        const GemmTile run = gemm_tile_of<kTileTokens>(end - begin);
        run(slice, x.data + begin * x.stride, out + begin * w.rows + panel * kPanelRows, ahead);
      }
    }
  }
}

template <WeightFormat kFormat>
void gemm(const Call& call, int64_t begin, int64_t end, void* scratch) {
  const int64_t tokens = call.in[0].dim[0];
  const int64_t blocks = float_gemm_blocks(tokens), pairs = float_gemm_pairs(call);
  for (int64_t item = begin; item < end;) {
    const int64_t block = item / pairs;
    const int64_t item_end = (block + 1) * pairs < end ? (block + 1) * pairs : end;
    gemm_block<kFormat>(call, float_split(tokens, blocks, kTileTokens, block),
                        float_split(tokens, blocks, kTileTokens, block + 1), item - block * pairs,
                        item_end - block * pairs, static_cast<float*>(scratch));
    item = item_end;
  }
}

}  // namespace
}  // namespace qn
