#include "native/simd/intrinsics.h"

#include "native/simd/inline.h"

namespace qn {
namespace {

using Vec = __m256;
inline constexpr int kVec = 8;

QN_INLINE __m256i first_channels(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
QN_INLINE Vec broadcast_vec(float x) { return _mm256_set1_ps(x); }
QN_INLINE Vec load(const float* p) { return _mm256_loadu_ps(p); }
QN_INLINE Vec load_first(const float* p, int64_t n) { return _mm256_maskload_ps(p, first_channels(n)); }
QN_INLINE void prefetch(const float* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
QN_INLINE void store(float* p, Vec a) { _mm256_storeu_ps(p, a); }
QN_INLINE void store_first(float* p, int64_t n, Vec a) { _mm256_maskstore_ps(p, first_channels(n), a); }
QN_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
// The second operand's NaN survives.
QN_INLINE Vec clamp(Vec a, Vec lo, Vec hi) { return _mm256_min_ps(hi, _mm256_max_ps(lo, a)); }

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/float_algorithm.h"

namespace qn {

void depthwise_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  compute_items(call, begin, end, apply_fused_avx2);
}

void depthwise_row_avx2(const DepthwiseLayer& layer, int64_t row, int64_t channels, float* y) {
  compute_whole_row(layer, row, channels, y);
}

}  // namespace qn
