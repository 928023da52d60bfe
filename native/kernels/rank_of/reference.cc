#include "native/kernels/rank_of/rank_of.h"

namespace qn {

void rank_of_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  for (int64_t row = begin; row < end; row++) {
    const float* x = static_cast<const float*>(call.in[0].data) + row * cols;
    const float selected = x[static_cast<const int32_t*>(call.in[1].data)[row]];
    int32_t rank = 1;
    bool nan = false;
    for (int64_t i = 0; i < cols; i++) {
      rank += x[i] > selected;
      nan |= x[i] != x[i];
    }
    static_cast<int32_t*>(call.out[0].data)[row] = nan ? -1 : rank;
  }
}

}  // namespace qn
