#include "native/kernels/gather_columns/gather_columns.h"

namespace qn {

void gather_columns_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1];
  const int32_t* columns = static_cast<const int32_t*>(call.in[1].data);
  for (int64_t t = begin; t < end; t++) {
    const float* x = static_cast<const float*>(call.in[0].data) + t * cols;
    float* y = static_cast<float*>(call.out[0].data) + t * cols;
    for (int64_t j = 0; j < cols; j++) y[j] = x[columns[j]];
  }
}

}  // namespace qn
