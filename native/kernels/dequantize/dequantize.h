// dequantize: y = scale * (code - zero), u8 codes to f32: an exact difference, and one rounding.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& dequantize_op();

// Attributes.
inline constexpr int kDequantizeScale = 0, kDequantizeZero = 1;

void dequantize_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void dequantize_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void dequantize_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
