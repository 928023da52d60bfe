// gram: state += a^T b, the sum of outer products over tokens: the Hessian of a layer's squared error when a
// and b are its input (GPTQ, Frantar et al. 2022, arXiv 2210.17323, section 3: H = 2 X X^T, the factor being
// the caller's), and the correlation of two inputs when they differ.
//
//   a          f32[T, M]
//   b          f32[T, K]
//   sequences  i32[S, 4]: native/core/sequence.h, of which the rows count here
//   state      f32[2, M, K], updated in place: sums, and what rounding took from them
//
// For a row m and a column k, over blocks of 256 tokens from each sequence's first:
//   acc = 0; for each token t of the block in order: acc = fma(a[t][m], b[t][k], acc)
//   s = state[0][m][k];  state[0][m][k] = s + acc;  state[1][m][k] += what rounding took from s + acc
// What it took is found exactly (TwoSum: Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B),
// so that state[0] + state[1] is the sum of the blocks to about twice float32's digits. A sum that overflows
// gives NaN for state[0] + state[1].
//
// When a and b are the same tensor only the elements on and above the diagonal are computed, and those below
// are zero.
#pragma once

#include "native/core/call.h"
#include "native/core/sequence.h"

namespace qn {

struct OpSpec;
const OpSpec& gram_op();

inline constexpr int64_t kGramBlockTokens = 256;

static inline bool gram_is_symmetric(const Call& call) {
  return call.in[0].data == call.in[1].data && call.in[0].dim[1] == call.in[1].dim[1];
}

// The fast kernels' work item is a square of the state with this edge, a multiple of every register tile: a
// large one copies less of a and b for each product, a small one shares a small state evenly among threads.
// The columns of a and b that it needs, 256 tokens of them, are copied into scratch: 393 KB at most, for L2.
inline constexpr int64_t kGramLargeEdge = 192;
inline constexpr int64_t kGramSmallEdge = 96;

static inline int64_t gram_edge(const Call& call) {
  const int64_t rows = call.in[0].dim[1], cols = call.in[1].dim[1];
  return (rows > cols ? rows : cols) >= 1536 ? kGramLargeEdge : kGramSmallEdge;
}

// Copies are strips, each as wide as a register tile (6 columns at least) and token by token. A strip ends
// with the room that its last vector writes beyond its width, which also keeps the strips of a square from
// falling into the same sets of a cache.
inline constexpr int64_t kGramNarrowestStrip = 6;
inline constexpr int64_t kGramStripPadding = 16;
static inline int64_t gram_copy_floats(int64_t edge) {
  return kGramBlockTokens * edge + edge / kGramNarrowestStrip * kGramStripPadding;
}

void gram_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void gram_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void gram_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
