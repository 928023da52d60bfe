// quantize_activations: rows of float32 to int8 codes, symmetric, one scale per block of the output's unit
// (16, 32 or 64 columns; layout in native/core/quantized_row.h). For the columns of a block, columns beyond
// the row counting as 0:
//   m     = max |x|
//   scale = m / 127
//   code  = x * (127 / m) rounded to the nearest integer, halves to even: within -127 .. 127 by itself
//   sum   = scale * (sum of the codes)
// Where 127 / m is not finite (m is 0, or below 3.8e-37) the block is all zeros. A block with an infinity or
// NaN gets codes of 0 and a scale and sum of NaN, so that it shows in the results. The bytes that fill a row
// up to a multiple of 64 are 0.
//
// With the attribute `outlier` > 0, columns of |x| >= outlier count as 0, infinities among them: add_outliers
// multiplies them in float.
#pragma once

#include "native/core/call.h"
#include "native/core/float_math.h"

namespace qn {

struct OpSpec;
const OpSpec& quantize_activations_op();

// The attribute as kernels compare with it: NaN, which nothing reaches, where there is none.
static inline float outlier_of(const Call& call) {
  return call.attribute[0] > 0 ? static_cast<float>(call.attribute[0]) : quiet_nan();
}

void quantize_activations_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void quantize_activations_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void quantize_activations_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
