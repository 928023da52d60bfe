// Attention on 16 lanes. Include one of native/simd/lanes_*.h first.
//
// Scores take a lane for a key, weighted values a lane for an element of the head. Both are matrix products
// of a register tile: up to 6 rows of queries (tokens by the heads that share this cache head) by as many
// vectors as there are registers for, so that each load of a key or value serves 6 multiply-adds, and with
// few rows there are still enough independent sums to keep the multipliers busy.
#pragma once

#include "native/core/float_math.h"
#include "native/kernels/attention/attention.h"
#include "native/simd/exponential.h"

namespace qn {
namespace {

// One head's keys and values from a sequence's first slot on. Slots come in blocks of 16, `stride` elements
// apart.
template <class Element>
struct HeadCache {
  const Element* keys;    // [blocks] of [head_dim][16]
  const Element* values;  // [blocks] of [16][head_dim]
  int64_t stride;
  int64_t head_dim;
};

using Row = AttentionRow;

constexpr int tile_vectors(int rows) { return kAccumulators / rows < 4 ? kAccumulators / rows : 4; }

// s[r][j ..] = row[r].q . the keys of kVectors blocks of 16 from `block` on.
template <int kRows, int kVectors, class Element>
QN_INLINE void score(const Row* row, const HeadCache<Element>& cache, int64_t block,
                     float (*s)[kAttentionKeyBlock], int64_t j) {
  const int64_t stride = cache.stride, head_dim = cache.head_dim;
  const Element* keys = cache.keys + block * stride;
  const Element* values = cache.values + block * stride;
  Lanes sum[kRows][kVectors];
  QN_UNROLL for (int r = 0; r < kRows; r++) {
    QN_UNROLL for (int v = 0; v < kVectors; v++) sum[r][v] = zero_lanes();
  }
  for (int64_t d = 0; d < head_dim; d++) {
    Lanes key[kVectors];
    QN_UNROLL for (int v = 0; v < kVectors; v++) {
      key[v] = load(keys + v * stride + d * kLanes);
      // Wanted next, and when decoding still in main memory.
      prefetch(values + v * stride + d * kLanes);
    }
    QN_UNROLL for (int r = 0; r < kRows; r++) {
      const Lanes q = broadcast(row[r].q[d]);
      QN_UNROLL for (int v = 0; v < kVectors; v++) sum[r][v] = fma(q, key[v], sum[r][v]);
    }
  }
  QN_UNROLL for (int r = 0; r < kRows; r++) {
    QN_UNROLL for (int v = 0; v < kVectors; v++) store(s[r] + j + v * kLanes, sum[r][v]);
  }
}

// row[r].o[d ..] = row[r].o[d ..] * factor[r] + the values of keys [begin, end) weighted by p[r]. With kTail
// there is one vector, of which the head has only its first elements.
template <int kRows, int kVectors, bool kTail, class Element>
QN_INLINE void weigh(Row* row, const float* factor, const float (*p)[kAttentionKeyBlock],
                     const HeadCache<Element>& cache, int64_t base, int64_t begin, int64_t end, int64_t d) {
  Lanes sum[kRows][kVectors];
  QN_UNROLL for (int r = 0; r < kRows; r++) {
    QN_UNROLL for (int v = 0; v < kVectors; v++) {
      sum[r][v] = mul(load(row[r].o + d + v * kLanes), broadcast(factor[r]));
    }
  }
  const Element* values = cache.values + d;
  for (int64_t j = begin; j < end;) {
    const int64_t block = (base + j) / kLanes, lane = (base + j) % kLanes;
    const Element* value = values + block * cache.stride + lane * cache.head_dim;
    const int64_t stop = j + kLanes - lane < end ? j + kLanes - lane : end;
    for (; j < stop; j++, value += cache.head_dim) {
      Lanes x[kVectors];
      QN_UNROLL for (int v = 0; v < kVectors; v++) {
        x[v] = kTail ? load_first(value, cache.head_dim - d) : load(value + v * kLanes);
      }
      QN_UNROLL for (int r = 0; r < kRows; r++) {
        const Lanes weight = broadcast(p[r][j]);
        QN_UNROLL for (int v = 0; v < kVectors; v++) sum[r][v] = fma(weight, x[v], sum[r][v]);
      }
    }
  }
  QN_UNROLL for (int r = 0; r < kRows; r++) {
    QN_UNROLL for (int v = 0; v < kVectors; v++) store(row[r].o + d + v * kLanes, sum[r][v]);
  }
}

// The same for the whole head.
template <int kRows, class Element>
QN_INLINE void weigh_head(Row* row, const float* factor, const float (*p)[kAttentionKeyBlock],
                          const HeadCache<Element>& cache, int64_t base, int64_t begin, int64_t end) {
  constexpr int kVectors = tile_vectors(kRows);
  int64_t d = 0;
  for (; d + kVectors * kLanes <= cache.head_dim; d += kVectors * kLanes) {
    weigh<kRows, kVectors, false>(row, factor, p, cache, base, begin, end, d);
  }
  for (; d + kLanes <= cache.head_dim; d += kLanes) {
    weigh<kRows, 1, false>(row, factor, p, cache, base, begin, end, d);
  }
  if (d < cache.head_dim) weigh<kRows, 1, true>(row, factor, p, cache, base, begin, end, d);
}

// Takes the scores of `count` keys into a row's m and l and leaves their exponentials in p. Returns what o
// must be multiplied by.
QN_INLINE float take_scores(Row& row, float* p, int64_t count) {
  const Lanes lowest = broadcast(-infinity());
  Lanes greatest = broadcast(row.m);
  for (int64_t j = 0; j < count; j += kLanes) {
    Lanes s = load(p + j);
    if (count - j < kLanes) {
      // The lanes beyond hold scores of later keys, or of whatever the cache held: their weight must become
      // 0.
      s = select(first_lanes(count - j), s, lowest);
      store(p + j, s);
    }
    greatest = max(s, greatest);
  }
  const Lanes m = broadcast(maximum(greatest));
  Lanes l = load(row.l);
  const Lanes correction = exponential(sub(broadcast(row.m), m));
  l = mul(l, correction);
  for (int64_t j = 0; j < count; j += kLanes) {
    const Lanes weight = exponential(sub(load(p + j), m));
    store(p + j, weight);
    l = add(l, weight);
  }
  store(row.l, l);
  row.m = first(m);
  return first(correction);
}

// The keys of positions [base, base + 64) for a register tile of kRows rows. count[r] of them are the row's
// to see, more for later rows.
template <int kRows, class Element>
void attend_keys(Row* row, float (*p)[kAttentionKeyBlock], const int64_t* count,
                 const HeadCache<Element>& cache, int64_t base) {
  const int64_t least = count[0], most = count[kRows - 1];
  constexpr int kVectors = tile_vectors(kRows);
  int64_t j = 0;
  for (; j + (kVectors - 1) * kLanes < most; j += kVectors * kLanes) {
    score<kRows, kVectors>(row, cache, (base + j) / kLanes, p, j);
  }
  for (; j < most; j += kLanes) score<kRows, 1>(row, cache, (base + j) / kLanes, p, j);
  float factor[kRows];
  for (int r = 0; r < kRows; r++) factor[r] = count[r] > 0 ? take_scores(row[r], p[r], count[r]) : 1.0f;
  weigh_head<kRows>(row, factor, p, cache, base, 0, least);
  if (least == most) return;
  // The keys that only later rows see: a weight of 0 would not do for the others, since 0 times NaN is NaN.
  constexpr float kOne = 1.0f;
  for (int r = 0; r < kRows; r++) weigh_head<1>(row + r, &kOne, p + r, cache, base, least, count[r]);
}

template <class Element>
void attend_rows(int64_t rows, Row* row, float (*p)[kAttentionKeyBlock], const int64_t* count,
                 const HeadCache<Element>& cache, int64_t base) {
  switch (rows) {
    case 1:
      return attend_keys<1>(row, p, count, cache, base);
    case 2:
      return attend_keys<2>(row, p, count, cache, base);
    case 3:
      return attend_keys<3>(row, p, count, cache, base);
    case 4:
      return attend_keys<4>(row, p, count, cache, base);
    case 5:
      return attend_keys<5>(row, p, count, cache, base);
    default:
      return attend_keys<6>(row, p, count, cache, base);
  }
}

struct Shape {
  int64_t cols, head_dim, cache_heads, group;
  float scale;
};

// One work item: `tokens` rows of the call from `first_row` on, the first at `position`, by the heads of one
// group. Row i of the scratch is head i % group of token i / group, so that a register tile holds few
// different positions.
template <class Element>
void attend_item(const Call& call, const Shape& shape, const HeadCache<Element>& cache, int64_t first_row,
                 int64_t tokens, int64_t position, int64_t head, void* scratch) {
  const int64_t rows = tokens * shape.group;
  AttentionWeights& p = *static_cast<AttentionWeights*>(scratch);
  Row* const rows_of_item = reinterpret_cast<Row*>(&p + 1);
  const float* q = static_cast<const float*>(call.in[0].data) + first_row * shape.cols +
                   head * shape.group * shape.head_dim;
  const Lanes scale = broadcast(shape.scale);
  for (int64_t i = 0; i < rows; i++) {
    Row& row = rows_of_item[i];
    const float* x = q + i / shape.group * shape.cols + i % shape.group * shape.head_dim;
    for (int64_t d = 0; d < shape.head_dim; d += kLanes) {
      const int64_t n = shape.head_dim - d;
      store(row.q + d, mul(n < kLanes ? load_first(x + d, n) : load(x + d), scale));
      store(row.o + d, zero_lanes());
    }
    store(row.l, zero_lanes());
    row.m = -infinity();
  }
  // All rows take a block of keys before the next one is looked at: a long cache is read once an item.
  for (int64_t base = 0; base < position + tokens; base += kAttentionKeyBlock) {
    for (int64_t i = 0; i < rows; i += kAttentionTileRows) {
      const int64_t tile = rows - i < kAttentionTileRows ? rows - i : kAttentionTileRows;
      int64_t count[kAttentionTileRows];
      for (int64_t r = 0; r < tile; r++) {
        const int64_t seen = position + (i + r) / shape.group + 1 - base;
        count[r] = seen < 0 ? 0 : seen < kAttentionKeyBlock ? seen : kAttentionKeyBlock;
      }
      if (count[tile - 1] > 0) attend_rows(tile, rows_of_item + i, p, count, cache, base);
    }
  }
  float* out = static_cast<float*>(call.out[0].data) + (q - static_cast<const float*>(call.in[0].data));
  for (int64_t i = 0; i < rows; i++) {
    const Row& row = rows_of_item[i];
    float* y = out + i / shape.group * shape.cols + i % shape.group * shape.head_dim;
    const Lanes inverse = broadcast(1.0f / sum(load(row.l)));
    for (int64_t d = 0; d < shape.head_dim; d += kLanes) {
      const Lanes o = mul(load(row.o + d), inverse);
      const int64_t n = shape.head_dim - d;
      if (n < kLanes) {
        store_first(y + d, n, o);
      } else {
        store(y + d, o);
      }
    }
  }
}

// The items of a call: for each sequence its tiles of tokens, for each tile the cache's heads.
template <class Element>
void attend(const Call& call, int64_t begin, int64_t end, void* scratch) {
  if (begin == end) return;  // there may be no sequence at all
  const int64_t cache_heads = call.in[1].dim[1], head_dim = call.in[1].dim[2];
  const Shape shape{call.in[0].dim[1], head_dim, cache_heads,
                    static_cast<int64_t>(call.attribute[0]) / cache_heads,
                    static_cast<float>(call.attribute[1])};
  const int64_t tile_tokens = attention_tile_tokens(shape.group);
  const int64_t stride = cache_heads * head_dim * kLanes;
  int64_t s = 0, sequence_tile = 0;  // the number of the sequence's first tile
  Sequence sequence = sequence_at(call.in[3], 0);
  for (int64_t item = begin; item < end; item++) {
    const int64_t tile = item / cache_heads, head = item % cache_heads;
    for (int64_t tiles; tile >= sequence_tile + (tiles = (sequence.rows + tile_tokens - 1) / tile_tokens);) {
      sequence_tile += tiles;
      sequence = sequence_at(call.in[3], ++s);
    }
    const int64_t token = (tile - sequence_tile) * tile_tokens;
    const int64_t tokens = sequence.rows - token < tile_tokens ? sequence.rows - token : tile_tokens;
    const int64_t offset = sequence.first_slot / kLanes * stride + head * head_dim * kLanes;
    const HeadCache<Element> cache{static_cast<const Element*>(call.in[1].data) + offset,
                                   static_cast<const Element*>(call.in[2].data) + offset, stride, head_dim};
    attend_item(call, shape, cache, sequence.first_row + token, tokens, sequence.before + token, head,
                scratch);
  }
}

}  // namespace
}  // namespace qn
