// Rows of a float depthwise convolution with M = 1, for the kernels that keep only some rows of its input.
// ISA files include this header, so it includes nothing of the standard library.
#pragma once

#include "native/core/window.h"

namespace qn {

// One image. Steps are in floats, from pixel to pixel and from tap to tap.
struct DepthwiseLayer {
  const float* x;
  int64_t x_rows;  // that are kept, h.inputs when all are: row r lies where row r % x_rows would
  const float* weight;
  const float* bias;
  int64_t x_step, y_step, weight_step;
  WindowAxis h, w;
  float lo, hi;
};

// Computes all `channels` of output row `row`, to y. The rows of its window must be there.
using DepthwiseRow = void(const DepthwiseLayer& layer, int64_t row, int64_t channels, float* y);

#if defined(QN_X86)
DepthwiseRow depthwise_row_avx2, depthwise_row_avx512;
#endif

}  // namespace qn
