// quantize_image: "f32[N,H,W,C], f32[N,S,2] -> u8[N,H,W,C], f32[N,2]": the codes of
// native/kernels/dynamic_codes/codes.h, each image by its range, which the second input has in slices
// (min_max), and the scale and zero of each. For conv2d_dynamic by images.
#pragma once

#include "native/core/call.h"
#include "native/kernels/dynamic_codes/codes.h"

namespace qn {

struct OpSpec;
const OpSpec& quantize_image_op();

// A work item is a row of an image; the first of each writes the image's parameters.
using QuantizeImageKernel = void(const Call& call, int64_t begin, int64_t end, void* scratch);
QuantizeImageKernel quantize_image_reference;
#if defined(QN_X86)
QuantizeImageKernel quantize_image_avx2, quantize_image_avx512;
#endif

static inline DynamicCodes image_codes(const Call& call, int64_t image) {
  const View& ranges = call.in[1];
  float lo = 0, hi = 0;
  for (int64_t slice = 0; slice < ranges.dim[1]; ++slice) {
    const float* range =
        static_cast<const float*>(ranges.data) + (image * ranges.dim[1] + slice) * ranges.stride;
    lo = range[0] < lo ? range[0] : lo;
    hi = range[1] > hi ? range[1] : hi;
  }
  return dynamic_codes(lo, hi);
}

static inline void write_image_params(const Call& call, int64_t image, const DynamicCodes& codes) {
  float* row = static_cast<float*>(call.out[1].data) + image * call.out[1].stride;
  row[0] = codes.scale;
  row[1] = codes.zero;
}

}  // namespace qn
