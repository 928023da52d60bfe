// min_max on 16 lanes. lanes.h says what to include and define first.
#pragma once

#include "native/kernels/dynamic_codes/lanes.h"
#include "native/kernels/dynamic_codes/min_max.h"

namespace qn {
namespace {

inline void slice_ranges(const Call& call, int64_t begin, int64_t end) {
  const View& x = call.in[0];
  // Dense rows are one.
  const bool dense = x.stride == x.dim[3];
  for (int64_t item = begin; item < end; ++item) {
    const ImageSlice slice = image_slice(call, item);
    const float* from = static_cast<const float*>(x.data) + slice.first_pixel * x.stride;
    const int64_t runs = dense ? 1 : slice.pixels, run = dense ? slice.pixels * x.dim[3] : x.dim[3];
    LaneRange all = empty_range();
    for (int64_t i = 0; i < runs; ++i) {
      const LaneRange range = range_of(from + i * x.stride, run);
      all = {min(range.lo, all.lo), max(range.hi, all.hi)};
    }
    const Ends ends = ends_of(all.lo, all.hi);
    slice_result(call, item)[0] = ends.lo;
    slice_result(call, item)[1] = ends.hi;
  }
}

}  // namespace
}  // namespace qn
