#include "native/simd/byte_lanes_avx512.h"
#include "native/simd/code_lanes_avx512.h"

#include "native/kernels/pool2d/algorithm.h"

namespace qn {

void max_pool2d_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  pool_any<MaxOfFloats, MaxOfCodes>(call, begin, end, apply_fused_avx512);
}

void average_pool2d_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  pool_any<MeanOfFloats, MeanOfCodes>(call, begin, end, apply_fused_avx512);
}

}  // namespace qn
