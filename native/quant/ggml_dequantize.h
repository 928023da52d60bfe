#pragma once

#include <cstdint>

#include "native/quant/source_type.h"

namespace qn {

// `count` values (a multiple of the block size) of any source type to float32, the same bits as ggml's
// dequantize_row_* give: one rounding of the product with the scale (it rounds in Q6_K only), one of the sum
// with the offset.
void dequantize(SourceType type, const uint8_t* bytes, int64_t count, float* out);

}  // namespace qn
