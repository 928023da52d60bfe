#include "native/kernels/rope/rope.h"
#include "native/simd/lanes_avx2.h"

#include "native/kernels/rope/algorithm.h"

namespace qn {

void rope_avx2(const Call& call, int64_t begin, int64_t end, void*) { rotate_rows(call, begin, end); }

}  // namespace qn
