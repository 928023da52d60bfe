#include "native/simd/byte_lanes_avx2.h"
#include "native/simd/code_lanes_avx2.h"

#include "native/kernels/resize/algorithm.h"

namespace qn {

void resize_bilinear_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  resize_bilinear_any(call, begin, end, apply_fused_avx2);
}

void resize_nearest_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  resize_nearest_any(call, begin, end, apply_fused_avx2);
}

}  // namespace qn
