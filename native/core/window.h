// A window that slides over the rows or columns of an image: which input cells an output reads. Depthwise
// convolutions and pools share it. ISA files include this header.
#pragma once

#include "native/core/call.h"

namespace qn {

// One axis. Tap t of output i reads cell i * stride - pad + t * dilation; cells outside 0 .. inputs - 1 are
// padding.
struct WindowAxis {
  int64_t inputs;
  int64_t outputs;
  int64_t taps;
  int64_t stride;
  int64_t dilation;
  int64_t pad;
};

static inline int64_t first_cell(const WindowAxis& axis, int64_t output) {
  return output * axis.stride - axis.pad;
}

struct TapRange {
  int64_t begin;
  int64_t end;
};

// The taps of an output that are no padding.
static inline TapRange taps_inside(const WindowAxis& axis, int64_t output) {
  const int64_t first = first_cell(axis, output);
  const int64_t begin = first < 0 ? (-first + axis.dilation - 1) / axis.dilation : 0;
  const int64_t reach = first < axis.inputs ? (axis.inputs - first + axis.dilation - 1) / axis.dilation : 0;
  const int64_t end = reach < axis.taps ? reach : axis.taps;
  return {begin < end ? begin : end, end};
}

}  // namespace qn
