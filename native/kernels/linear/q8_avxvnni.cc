// linear with q8 activations on AVX-VNNI: vpdpbusd adds four products of unsigned codes and signed
// activations to an int32 without saturation, for codes of any width.
#include "native/kernels/linear/q8_operands.h"
#include "native/simd/dot_avxvnni.h"

namespace qn {
namespace {

// 12 sums in flight hide vpdpbusd's latency; with two vectors of codes and one of activations, 15 of 16
// registers.
inline constexpr int kTileTokens = 6;

template <WeightFormat>
inline constexpr int kPlanes = 1;
template <WeightFormat>
inline constexpr int kRunSteps = 4;  // a whole block
template <WeightFormat>
inline constexpr WeightFormat kUnpackedAs = WeightFormat::u8;

QN_INLINE __m256i accumulate(__m256i acc, __m256i codes, __m256i four) { return add_dot(acc, codes, four); }

QN_INLINE __m256i drain(__m256i acc, int) { return acc; }

}  // namespace
}  // namespace qn

#include "native/kernels/linear/q8_256.h"

#include "native/kernels/linear/q8_kernels.h"

namespace qn {
QN_LINEAR_Q8(avxvnni)
}  // namespace qn
