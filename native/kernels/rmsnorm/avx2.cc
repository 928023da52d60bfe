#include "native/kernels/rmsnorm/rmsnorm.h"
#include "native/simd/lanes_avx2.h"

#include "native/kernels/rmsnorm/algorithm.h"

namespace qn {

void rmsnorm_avx2(const Call& call, int64_t begin, int64_t end, void*) { normalize_rows(call, begin, end); }

}  // namespace qn
