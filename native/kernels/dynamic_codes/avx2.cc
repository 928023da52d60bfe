#include "native/simd/code_lanes_avx2.h"

#include "native/kernels/dynamic_codes/ends.h"

namespace qn {
namespace {

QN_INLINE Ends ends_of(Lanes lo, Lanes hi) {
  const __m256 zero = _mm256_setzero_ps();
  return greatest_of(_mm256_max_ps(_mm256_sub_ps(zero, lo.lo), _mm256_sub_ps(zero, lo.hi)),
                     _mm256_max_ps(hi.lo, hi.hi));
}

}  // namespace
}  // namespace qn

#include "native/kernels/dynamic_codes/min_max_lanes.h"
#include "native/kernels/dynamic_codes/quantize_image_lanes.h"
#include "native/kernels/dynamic_codes/quantize_pixels_lanes.h"

namespace qn {

void quantize_pixels_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_groups(call, begin, end);
}

void min_max_avx2(const Call& call, int64_t begin, int64_t end, void*) { slice_ranges(call, begin, end); }

void quantize_image_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_rows(call, begin, end);
}

}  // namespace qn
