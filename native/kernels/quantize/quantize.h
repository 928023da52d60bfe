// quantize: f32 to u8 codes, with the scale and zero point of a tensor.
//
//   mode 0 (layers, XNNPACK)        q = clamp(round(x * (1 / scale)) + zero)
//   mode 1 (a model's input, NumPy) q = clamp(round(x / scale + zero))
//
// in float32, rounding half to even, clamped to 0..255; NaN gives 0. The two differ in values that lie next
// to a half.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& quantize_op();

// Attributes.
inline constexpr int kQuantizeScale = 0, kQuantizeZero = 1, kQuantizeMode = 2;

void quantize_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void quantize_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void quantize_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
