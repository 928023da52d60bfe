#include <cstring>

#include "native/kernels/gather_rows/gather_rows.h"

namespace qn {

void gather_rows_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  const float* x = static_cast<const float*>(call.in[0].data);
  const int32_t* rows = static_cast<const int32_t*>(call.in[1].data);
  float* y = static_cast<float*>(call.out[0].data);
  for (int64_t r = begin; r < end; r++) {
    std::memcpy(y + r * cols, x + rows[r] * cols, static_cast<size_t>(cols) * sizeof(float));
  }
}

}  // namespace qn
