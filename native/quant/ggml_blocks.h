// ggml's block types as unsigned codes with one scale and one offset per group of columns, which is what the
// integer panels hold: Q4_0 ... Q6_K run in the int8, int4 and int2 kernels as they are, without being
// quantized again.
#pragma once

#include <cstdint>

#include "native/core/call.h"
#include "native/quant/source_type.h"

namespace qn {

struct BlockCodes {
  WeightFormat format;  // the narrowest panel that holds the codes
  ParamFormat params;   // holds scale and offset without rounding
  int group;            // columns that share a scale
  int zero;             // the code of value 0 in types without an offset of their own, else -1
};

// How a block type (not f32, f16, bf16) is coded:
//   Q8_0 u8/32  Q4_0 u4/32  Q5_0 u8/32   value = scale * (code - zero); zero 128, 8, 16 -> f16_u8
//   Q4_1 u4/32  Q5_1 u8/32               value = scale * code + offset, both float16   -> f16_f16
//   Q2_K u2/16  Q4_K u4/32  Q5_K u8/32   value = scale * code + offset, products       -> f32_f32
//   Q3_K u4/16  Q6_K u8/16               value = scale * (code - zero); zero 4, 32     -> f32_f32
const BlockCodes& block_codes(SourceType type);

// `count` values (a multiple of the block size) to codes [count], scale [count / group] and offset [count /
// group]. offset = -(scale * zero) where zero >= 0, which is exact.
void unpack_blocks(SourceType type, const uint8_t* blocks, int64_t count, uint8_t* codes, float* scale,
                   float* offset);

}  // namespace qn
