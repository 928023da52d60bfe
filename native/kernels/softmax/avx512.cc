#include "native/kernels/softmax/softmax.h"
#include "native/simd/lanes_avx512.h"

#include "native/kernels/softmax/algorithm.h"

namespace qn {

void softmax_avx512(const Call& call, int64_t begin, int64_t end, void*) { softmax_rows(call, begin, end); }

}  // namespace qn
