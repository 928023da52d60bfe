// attention: causal softmax attention of T query rows over a cache of keys and values, for ragged batches,
// with grouped heads (Ainslie et al. 2023, "GQA"), by streaming softmax (Milakov and Gimelshein 2018; Dao et
// al. 2022, "FlashAttention"): no matrix of T x T exists.
//
//   q          f32[T, N], N = heads * D; `heads` is a multiple of the H heads of the cache, and query head n
//   reads cache
//              head n / (heads / H)
//   keys       [B, H, D, 16], values [B, H, 16, D], f32 or f16; slot = block * 16 + lane (see kv_append.h)
//   sequences  i32[S, 4]: native/core/sequence.h; the first slot is a multiple of 16.
//              Row first + i stands at position before + i and attends to the slots first_slot .. first_slot
//              + before + i, which hold positions 0 .. before + i: its own key must be in the cache already.
//   out        f32[T, N]
//
// For a row and a head, with key j at position j, q' = q * scale (rounded), and all sums by the lanes of
// native/core/float_math.h:
//   m = -infinity; l[0..15] = 0; o[0..D-1] = 0
//   for each block of 64 positions from 0 up to the row's own:
//     s[j] = q' . key[j], fused multiply-adds over d in order, from zero
//     m' = max(m, the block's s);  c = exp(m - m');  m = m'
//     p[j] = exp(s[j] - m)
//     l[lane] = l[lane] * c, then + p[j] for each j of the lane (j mod 16) in order
//     o[d] = o[d] * c, then fma(p[j], value[j][d], o[d]) over j in order
//   out[d] = o[d] * (1 / sum of l)
// So a row's bits depend on its query and on its keys and values alone: a prompt at once and token by token
// agree. Slots beyond a row's position have no influence, whatever they hold. NaN and infinite scores give
// NaN.
#pragma once

#include "native/core/call.h"
#include "native/core/sequence.h"

namespace qn {

struct OpSpec;
const OpSpec& attention_op();

inline constexpr int64_t kAttentionMaxHeadDim = 256;
inline constexpr int64_t kAttentionKeyBlock = 64;

// The fast kernels' work item is one cache head by a tile of up to this many tokens of one sequence: about 48
// rows of queries, tokens by the heads of the group, which share what is loaded of keys and values.
static inline int64_t attention_tile_tokens(int64_t group) { return group < 48 ? 48 / group : 1; }

// Rows of queries that share a register tile.
inline constexpr int64_t kAttentionTileRows = 6;

// One row of queries while the fast kernels work on its item.
struct AttentionRow {
  // Longer than a head by one cache line: rows a power of two apart would compete for the same lines of the
  // cache.
  static constexpr int64_t kStride = kAttentionMaxHeadDim + 16;

  float q[kStride];  // scaled
  float o[kStride];
  float l[16];
  float m;
  float unused[15];  // keeps rows on cache lines
};

// Scores and then weights of one register tile.
using AttentionWeights = float[kAttentionTileRows][kAttentionKeyBlock];

// The fast kernels' scratch: one AttentionWeights, then the rows of one work item.
static inline int64_t attention_scratch_bytes(int64_t group) {
  const int64_t rows = attention_tile_tokens(group) * group;
  return static_cast<int64_t>(sizeof(AttentionWeights) + static_cast<size_t>(rows) * sizeof(AttentionRow));
}

void attention_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void attention_f32_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void attention_f16_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void attention_f32_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void attention_f16_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
