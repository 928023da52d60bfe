#include "native/kernels/dequantize/dequantize.h"
#include "native/simd/code_lanes_avx2.h"

#include "native/kernels/dequantize/algorithm.h"

namespace qn {

void dequantize_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  dequantize_elements(call, begin, end);
}

}  // namespace qn
