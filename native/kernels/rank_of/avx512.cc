#include "native/kernels/rank_of/rank_of.h"
#include "native/simd/lanes_avx512.h"

#include "native/kernels/rank_of/algorithm.h"

namespace qn {

void rank_of_avx512(const Call& call, int64_t begin, int64_t end, void*) { rank_columns(call, begin, end); }

}  // namespace qn
