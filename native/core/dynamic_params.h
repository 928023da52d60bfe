// The parameters of codes that were quantized as they came, a row of two floats: their scale and their zero.
// ISA files include this header, so everything is static.
#pragma once

#include <stdint.h>

namespace qn {

// A code, whatever a Program that was not made by us has there: NaN and what is below are 0.
static inline int32_t zero_of_params(const float* row) {
  const float above = row[1] > 0.0f ? row[1] : 0.0f;
  return static_cast<int32_t>(above < 255.0f ? above : 255.0f);
}

}  // namespace qn
