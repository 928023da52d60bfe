#include "native/simd/code_lanes_avx512.h"

#include "native/kernels/quantize_pixels/algorithm.h"

namespace qn {

void quantize_pixels_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_groups(call, begin, end);
}

}  // namespace qn
