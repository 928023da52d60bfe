#include "native/kernels/log_softmax_select/log_softmax_select.h"
#include "native/simd/lanes_avx2.h"

#include "native/kernels/log_softmax_select/algorithm.h"

namespace qn {

void log_softmax_select_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  select_log_probabilities(call, begin, end);
}

}  // namespace qn
