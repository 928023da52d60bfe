#include <algorithm>
#include <cmath>

#include "native/core/float_math.h"
#include "native/core/quantized_row.h"
#include "native/kernels/quantize_activations/quantize_activations.h"

namespace qn {
namespace {

// `given` has n columns, n in 1..unit; codes has `unit`.
void quantize_block(const float* given, int64_t n, int unit, float outlier, int8_t* codes, float& scale,
                    float& sum) {
  float x[64];
  for (int64_t i = 0; i < n; ++i) x[i] = std::fabs(given[i]) >= outlier ? 0.0f : given[i];
  std::fill(codes, codes + unit, int8_t{0});
  scale = sum = 0;
  float greatest = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(x[i])) {
      scale = sum = quiet_nan();
      return;
    }
    greatest = std::max(greatest, std::fabs(x[i]));
  }
  const float inverse = 127.0f / greatest;
  if (!std::isfinite(inverse)) return;
  int total = 0;
  for (int64_t i = 0; i < n; ++i) {
    codes[i] = static_cast<int8_t>(std::nearbyint(x[i] * inverse));
    total += codes[i];
  }
  scale = greatest / 127.0f;
  sum = scale * static_cast<float>(total);
}

}  // namespace

void quantize_activations_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View& y = call.out[0];
  const int64_t cols = y.dim[1];
  const int unit = quantized_unit(y.dtype);
  for (int64_t t = begin; t < end; ++t) {
    const float* x = static_cast<const float*>(call.in[0].data) + t * cols;
    const QuantizedRow row = quantized_row(y, t);
    for (int64_t block = 0; block * unit < cols; ++block) {
      const int64_t at = block * unit;
      quantize_block(x + at, std::min<int64_t>(unit, cols - at), unit, outlier_of(call), row.codes + at,
                     row.scale[block], row.sum[block]);
    }
    uint8_t* row_end = static_cast<uint8_t*>(y.data) + (t + 1) * quantized_row_bytes(cols, unit);
    std::fill(row.sum + quantized_padded(cols, unit) / unit, reinterpret_cast<float*>(row_end), 0.0f);
  }
}

}  // namespace qn
