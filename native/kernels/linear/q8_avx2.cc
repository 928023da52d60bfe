// linear with q8 activations on AVX2 without VNNI. vpmaddubsw adds two products of an unsigned code and a
// signed activation in 16 bits, and saturates: 8-bit codes may not meet it (255 * 127 * 2 does not fit).
// Codes of 4 bits stay below 15 * 127 * 2 = 3810 a pair, so that 8 pairs (30480) add up in 16 bits before one
// vpmaddwd widens them; codes of 2 bits below 762, 16 pairs 12192. 8-bit codes are taken as two nibbles, dot
// = low + 16 * high: per 4 columns two vpmaddubsw and two additions, where sign and absolute value would take
// vpsignb, vpmaddubsw, vpmaddwd and an addition, three of them on the multiplier's ports.
#include "native/kernels/linear/q8_operands.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// 8 sums, two vectors of codes, one of activations, the product and the factor of `drain` in 16 registers.
inline constexpr int kTileTokens = 4;

template <WeightFormat kFormat>
inline constexpr int kPlanes = kFormat == WeightFormat::u8 ? 2 : 1;
template <WeightFormat kFormat>
inline constexpr int kRunSteps = kFormat == WeightFormat::u2 ? 4 : 2;
template <WeightFormat kFormat>
inline constexpr WeightFormat kUnpackedAs = kFormat;  // the formats differ in planes and runs

QN_INLINE __m256i accumulate(__m256i acc, __m256i codes, __m256i four) {
  acc = _mm256_add_epi16(acc, _mm256_maddubs_epi16(codes, four));
#if defined(__GNUC__) && !defined(QN_SIMDE)
  // GCC 12 would reassociate the additions, compute all products first and spill them: half the speed.
  __asm__("" : "+x"(acc));
#endif
  return acc;
}

QN_INLINE __m256i drain(__m256i acc, int plane) {
  return _mm256_madd_epi16(acc, _mm256_set1_epi16(plane ? 16 : 1));
}

}  // namespace
}  // namespace qn

#include "native/kernels/linear/q8_256.h"

#include "native/kernels/linear/q8_kernels.h"

namespace qn {
QN_LINEAR_Q8(avx2)
}  // namespace qn
