#include "native/kernels/swiglu/swiglu.h"
#include "native/simd/lanes_avx512.h"

#include "native/kernels/swiglu/algorithm.h"

namespace qn {

void swiglu_avx512(const Call& call, int64_t begin, int64_t end, void*) { gate_elements(call, begin, end); }

}  // namespace qn
