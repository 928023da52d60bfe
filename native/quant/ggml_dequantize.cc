#include "native/quant/ggml_dequantize.h"

#include <algorithm>

#include "native/quant/float_rows.h"
#include "native/quant/ggml_blocks.h"

namespace qn {

void dequantize(SourceType type, const uint8_t* bytes, int64_t count, float* out) {
  if (is_float(type)) return decode_floats(type, bytes, count, out);
  const BlockCodes& how = block_codes(type);
  const SourceTypeInfo& info = source_type_info(type);
  constexpr int64_t kStep = 1024;  // whole blocks of 32 and of 256
  uint8_t codes[kStep];
  float scale[kStep / 16], offset[kStep / 16];
  for (int64_t i = 0; i < count; i += kStep) {
    const int64_t n = std::min(kStep, count - i);
    unpack_blocks(type, bytes + i / info.block_size * info.block_bytes, n, codes, scale, offset);
    for (int64_t g = 0; g < n / how.group; ++g) {
      const uint8_t* code = codes + g * how.group;
      float* value = out + i + g * how.group;
      if (how.zero >= 0) {
        // As ggml: the code is centred as an integer first, so that 0 times a negative scale is -0.
        for (int j = 0; j < how.group; ++j) value[j] = scale[g] * static_cast<float>(code[j] - how.zero);
      } else {
        for (int j = 0; j < how.group; ++j) value[j] = scale[g] * static_cast<float>(code[j]) + offset[g];
      }
    }
  }
}

}  // namespace qn
