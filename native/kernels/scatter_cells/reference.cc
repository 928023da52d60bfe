#include <algorithm>
#include <cstring>

#include "native/kernels/scatter_cells/scatter_cells.h"

namespace qn {
namespace {

template <class Element>
void scatter_cells(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t channels = x.dim[1];
  const Element* rows = static_cast<const Element*>(x.data);
  const int32_t* cells = static_cast<const int32_t*>(call.in[1].data);
  Element* image = static_cast<Element*>(y.data);
  std::fill(image, image + y.dim[1] * y.dim[2] * channels,
            static_cast<Element>(call.attribute[kScatterFill]));
  for (int64_t k = 0; k < x.dim[0]; k++) {
    if (cells[k] < 0) continue;
    std::memcpy(image + cells[k] * channels, rows + k * channels,
                static_cast<size_t>(channels) * sizeof(Element));
  }
}

}  // namespace

void scatter_cells_reference(const Call& call, int64_t begin, int64_t end, void*) {
  if (begin == end) return;
  if (call.in[0].dtype == DType::u8) {
    scatter_cells<uint8_t>(call);
  } else {
    scatter_cells<float>(call);
  }
}

}  // namespace qn
