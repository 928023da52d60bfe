// Pools: of each channel, the largest value or the mean of a window's cells. Cells in the padding do not
// count; each window has one that is none.
//
// max_pool2d: f32 or u8 codes, clamped to lo, hi. NaN is never the largest; -infinity where there is nothing
// else.
//
// average_pool2d: f32: clamp(sum / cells, lo, hi), the sum in the order of the cells. u8: r = f32(f32(sum of
// x
// - x_zero) / cells) * multiplier, y = clamp(round(r) + y_zero, lo, hi), half to even, in float32.
//
// Then the fused steps.
#pragma once

#include "native/core/window.h"

namespace qn {

struct OpSpec;
const OpSpec& max_pool2d_op();
const OpSpec& average_pool2d_op();

enum PoolAttribute {
  kPoolWindowH,
  kPoolWindowW,
  kPoolStrideH,
  kPoolStrideW,
  kPoolPadTop,
  kPoolPadLeft,
  kPoolLo,
  kPoolHi,
  kPoolAttributes,
  // Of average_pool2d, on codes.
  kPoolXZero = kPoolAttributes,
  kPoolMultiplier,
  kPoolYZero,
};

static inline int64_t pool_size(const Call& call, int attribute) {
  return static_cast<int64_t>(call.attribute[attribute]);
}
static inline WindowAxis pool_axis(const Call& call, int side) {
  return {call.in[0].dim[1 + side],
          call.out[0].dim[1 + side],
          pool_size(call, kPoolWindowH + side),
          pool_size(call, kPoolStrideH + side),
          1,
          pool_size(call, kPoolPadTop + side)};
}

// A work item is a row of outputs.
static inline int64_t pool_items(const Call& call) { return call.out[0].dim[0] * call.out[0].dim[1]; }

void max_pool2d_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
void average_pool2d_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void max_pool2d_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void max_pool2d_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void average_pool2d_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
void average_pool2d_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
