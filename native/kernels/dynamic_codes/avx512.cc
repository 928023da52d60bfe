#include "native/simd/code_lanes_avx512.h"

#include "native/kernels/dynamic_codes/ends.h"

namespace qn {
namespace {

QN_INLINE Ends ends_of(Lanes lo, Lanes hi) {
  const __m512 negated = _mm512_sub_ps(_mm512_setzero_ps(), lo.v);
  return greatest_of(_mm256_max_ps(_mm512_castps512_ps256(negated), high_half(negated)),
                     _mm256_max_ps(_mm512_castps512_ps256(hi.v), high_half(hi.v)));
}

}  // namespace
}  // namespace qn

#include "native/kernels/dynamic_codes/min_max_lanes.h"
#include "native/kernels/dynamic_codes/quantize_image_lanes.h"
#include "native/kernels/dynamic_codes/quantize_pixels_lanes.h"

namespace qn {

void quantize_pixels_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_groups(call, begin, end);
}

void min_max_avx512(const Call& call, int64_t begin, int64_t end, void*) { slice_ranges(call, begin, end); }

void quantize_image_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_rows(call, begin, end);
}

}  // namespace qn
