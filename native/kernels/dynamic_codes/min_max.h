// min_max: "f32[N,H,W,C] -> f32[N,S,2]": of each image, in S slices of its rows: min(0, min x) and max(0, max
// x), NaN passed over. Slice s has the rows from s * H / S to (s + 1) * H / S, so S is at most H. The first
// half of quantizing an image dynamically, quantize_image the second: threads share the slices.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& min_max_op();

using MinMaxKernel = void(const Call& call, int64_t begin, int64_t end, void* scratch);
MinMaxKernel min_max_reference;
#if defined(QN_X86)
MinMaxKernel min_max_avx2, min_max_avx512;
#endif

// A work item: slice item % S of image item / S.
struct ImageSlice {
  int64_t first_pixel, pixels;  // of all images
};

static inline ImageSlice image_slice(const Call& call, int64_t item) {
  const View& x = call.in[0];
  const int64_t slices = call.out[0].dim[1], image = item / slices, slice = item % slices;
  const int64_t rows = x.dim[1], begin = slice * rows / slices, end = (slice + 1) * rows / slices;
  return {(image * rows + begin) * x.dim[2], (end - begin) * x.dim[2]};
}

static inline float* slice_result(const Call& call, int64_t item) {
  return static_cast<float*>(call.out[0].data) + item * call.out[0].stride;
}

}  // namespace qn
