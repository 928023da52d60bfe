#include "native/simd/code_lanes_avx512.h"

#include "native/kernels/mean/algorithm.h"

namespace qn {

void mean_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  mean_items_of(call, begin, end, apply_fused_avx512);
}

}  // namespace qn
