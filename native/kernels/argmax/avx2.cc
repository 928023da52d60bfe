#include "native/kernels/argmax/argmax.h"
#include "native/simd/lanes_avx2.h"

#include "native/kernels/argmax/algorithm.h"

namespace qn {

void argmax_avx2(const Call& call, int64_t begin, int64_t end, void*) { find_greatest(call, begin, end); }

}  // namespace qn
