#include "native/quant/llm_int8.h"

#include <algorithm>
#include <cmath>

namespace qn {

Int8Scale int8_scale(float absmax) {
  const float scale = absmax / 127.0f;
  return {scale, -static_cast<float>(kInt8Bias) * scale};
}

float quantize_int8_row(const float* row, int64_t cols, uint8_t* codes) {
  float absmax = 0;
  for (int64_t k = 0; k < cols; ++k) absmax = std::max(absmax, std::fabs(row[k]));
  // A row of zeros, or of subnormals, whose inverse is not finite.
  const float inverse = 127.0f / absmax;
  for (int64_t k = 0; k < cols; ++k) {
    const float code = std::isfinite(inverse) ? std::nearbyint(row[k] * inverse) : 0.0f;
    codes[k] = static_cast<uint8_t>(static_cast<int>(code) + kInt8Bias);
  }
  return absmax;
}

}  // namespace qn
