#include "native/kernels/quantize/quantize.h"
#include "native/simd/code_lanes_avx2.h"

#include "native/kernels/quantize/algorithm.h"

namespace qn {

void quantize_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_elements(call, begin, end);
}

}  // namespace qn
