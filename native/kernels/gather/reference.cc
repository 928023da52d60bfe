#include <cstring>

#include "native/core/rows.h"
#include "native/kernels/gather/gather.h"

namespace qn {

void gather_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  const int32_t* indices = static_cast<const int32_t*>(call.in[1].data);
  const int64_t extent = x.dim[1], count = y.dim[1], size = element_bytes(x);
  for (int64_t row = begin; row < end; row++) {
    const int64_t from = row / count * extent + indices[row % count];
    std::memcpy(static_cast<char*>(y.data) + row * y.stride * size,
                static_cast<const char*>(x.data) + from * x.stride * size,
                static_cast<size_t>(columns_of(x) * size));
  }
}

}  // namespace qn
