#include "native/kernels/kl_divergence/kl_divergence.h"
#include "native/simd/lanes_avx512.h"

#include "native/kernels/kl_divergence/algorithm.h"

namespace qn {

void kl_divergence_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  diverge_rows(call, begin, end);
}

}  // namespace qn
