#include <algorithm>
#include <cstring>

#include "native/kernels/windows_at/windows_at.h"

namespace qn {
namespace {

template <class Element>
void windows_at(const Call& call, int64_t begin, int64_t end) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t height = x.dim[1], width = x.dim[2], channels = x.dim[3];
  const int64_t pad_top = static_cast<int64_t>(call.attribute[kWindowsPadTop]);
  const int64_t pad_left = static_cast<int64_t>(call.attribute[kWindowsPadLeft]);
  const Element fill = static_cast<Element>(call.attribute[kWindowsFill]);
  const int32_t* cells = static_cast<const int32_t*>(call.in[1].data);
  for (int64_t k = begin; k < end; k++) {
    const int64_t top = cells[k] / width - pad_top, left = cells[k] % width - pad_left;
    for (int64_t p = 0; p < y.dim[1]; p++) {
      for (int64_t q = 0; q < y.dim[2]; q++) {
        Element* to = static_cast<Element*>(y.data) + ((k * y.dim[1] + p) * y.dim[2] + q) * y.stride;
        const int64_t row = top + p, column = left + q;
        if (cells[k] < 0 || row < 0 || row >= height || column < 0 || column >= width) {
          std::fill(to, to + channels, fill);
        } else {
          const Element* from = static_cast<const Element*>(x.data) + (row * width + column) * x.stride;
          std::memcpy(to, from, static_cast<size_t>(channels) * sizeof(Element));
        }
      }
    }
  }
}

}  // namespace

void windows_at_reference(const Call& call, int64_t begin, int64_t end, void*) {
  if (call.in[0].dtype == DType::u8) {
    windows_at<uint8_t>(call, begin, end);
  } else {
    windows_at<float>(call, begin, end);
  }
}

}  // namespace qn
