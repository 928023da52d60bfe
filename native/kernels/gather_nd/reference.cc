#include <cstring>

#include "native/core/rows.h"
#include "native/kernels/gather_nd/gather_nd.h"

namespace qn {

void gather_nd_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t depth = call.in[1].dim[1];
  const int32_t* indices = static_cast<const int32_t*>(call.in[1].data);
  const int64_t bytes = columns_of(y) * element_bytes(y);
  for (int64_t row = begin; row < end; row++) {
    int64_t from = 0;
    for (int64_t d = 0; d < depth; d++) from = from * x.dim[d] + indices[row * depth + d];
    std::memcpy(static_cast<char*>(y.data) + row * y.stride * element_bytes(y),
                static_cast<const char*>(x.data) + from * bytes, static_cast<size_t>(bytes));
  }
}

}  // namespace qn
