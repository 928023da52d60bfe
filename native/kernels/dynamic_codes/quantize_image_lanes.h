// quantize_image on 16 lanes. lanes.h says what to include and define first.
#pragma once

#include "native/kernels/dynamic_codes/lanes.h"
#include "native/kernels/dynamic_codes/quantize_image.h"

namespace qn {
namespace {

inline void quantize_rows(const Call& call, int64_t begin, int64_t end) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t rows = x.dim[1], width = x.dim[2], channels = x.dim[3];
  // Dense rows are one.
  const bool dense = x.stride == channels && y.stride == channels;
  const int64_t runs = dense ? 1 : width, run = dense ? width * channels : channels;
  int64_t image = -1;
  DynamicCodes codes{};
  for (int64_t item = begin; item < end; ++item) {
    if (item / rows != image) {
      image = item / rows;
      codes = image_codes(call, image);
    }
    if (item % rows == 0) write_image_params(call, image, codes);
    const float* from = static_cast<const float*>(x.data) + item * width * x.stride;
    uint8_t* to = static_cast<uint8_t*>(y.data) + item * width * y.stride;
    for (int64_t i = 0; i < runs; ++i) {
      store_dynamic_codes(from + i * x.stride, run, codes.inverse, codes.zero, to + i * y.stride);
    }
  }
}

}  // namespace
}  // namespace qn
