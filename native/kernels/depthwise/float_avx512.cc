#include "native/simd/intrinsics.h"

#include "native/simd/inline.h"

namespace qn {
namespace {

using Vec = __m512;
inline constexpr int kVec = 16;

QN_INLINE __mmask16 first_channels(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }
QN_INLINE Vec broadcast_vec(float x) { return _mm512_set1_ps(x); }
QN_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
QN_INLINE Vec load_first(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first_channels(n), p); }
QN_INLINE void prefetch(const float* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
QN_INLINE void store(float* p, Vec a) { _mm512_storeu_ps(p, a); }
QN_INLINE void store_first(float* p, int64_t n, Vec a) { _mm512_mask_storeu_ps(p, first_channels(n), a); }
QN_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
// The second operand's NaN survives.
QN_INLINE Vec clamp(Vec a, Vec lo, Vec hi) { return _mm512_min_ps(hi, _mm512_max_ps(lo, a)); }

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/float_algorithm.h"

namespace qn {

void depthwise_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  compute_items(call, begin, end, apply_fused_avx512);
}

void depthwise_row_avx512(const DepthwiseLayer& layer, int64_t row, int64_t channels, float* y) {
  compute_whole_row(layer, row, channels, y);
}

}  // namespace qn
