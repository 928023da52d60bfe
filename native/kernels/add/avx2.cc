#include "native/kernels/add/add.h"
#include "native/simd/lanes_avx2.h"

#include "native/kernels/add/algorithm.h"

namespace qn {

void add_avx2(const Call& call, int64_t begin, int64_t end, void*) { add_elements(call, begin, end); }

}  // namespace qn
