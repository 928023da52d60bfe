#include "native/simd/code_lanes_avx2.h"

#include "native/kernels/quantize_image/algorithm.h"

namespace qn {

void quantize_image_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_rows(call, begin, end);
}

}  // namespace qn
