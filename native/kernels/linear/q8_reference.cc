// The specification of linear with quantized activations: one row and one token at a time, code by code.
#include <cmath>
#include <cstring>

#include "native/core/float16.h"
#include "native/core/quantized_row.h"
#include "native/kernels/linear/linear.h"

namespace qn {
namespace {

// The code of row `n` (of its panel) and column `k`: chunks of 4 columns, `per_store` of them sharing 64
// bytes.
int code_at(const Weight& w, const uint8_t* panel, int n, int64_t k) {
  const int bits = w.format == WeightFormat::u8 ? 8 : w.format == WeightFormat::u4 ? 4 : 2;
  const int per_store = 8 / bits;
  const int64_t chunk = k / 4;
  const uint8_t byte = panel[chunk / per_store * 64 + n * 4 + k % 4];
  return byte >> chunk % per_store * bits & ((1 << bits) - 1);
}

struct Affine {
  float scale, offset;
};

template <typename T>
T read(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

Affine affine_at(const Weight& w, const uint8_t* params, int n) {
  if (w.params == ParamFormat::f32_f32)
    return {read<float>(params + n * 4), read<float>(params + 64 + n * 4)};
  const float scale = float16_to_float(read<uint16_t>(params + n * 2));
  if (w.params == ParamFormat::f16_f16) return {scale, float16_to_float(read<uint16_t>(params + 32 + n * 2))};
  return {scale, -(scale * static_cast<float>(params[32 + n]))};
}

}  // namespace

void linear_q8_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View& x = call.in[0];
  const Weight& w = *call.in[1].weight;
  float* out = static_cast<float*>(call.out[0].data);
  for (int64_t row = begin * kPanelRows; row < end * kPanelRows && row < w.rows; ++row) {
    const int64_t panel = row / kPanelRows;
    const int n = static_cast<int>(row % kPanelRows);
    const uint8_t* codes = w.codes + panel * w.panel_bytes;
    for (int64_t t = 0; t < x.dim[0]; ++t) {
      const QuantizedRow token = quantized_row(x, t);
      float acc = 0;
      for (int64_t block = 0; block < w.padded_cols / w.unit; ++block) {
        int32_t dot = 0;
        for (int64_t k = block * w.unit; k < (block + 1) * w.unit; ++k) {
          dot += code_at(w, codes, n, k) * token.codes[k];
        }
        const int64_t group = block * w.unit / w.group;
        const Affine a = affine_at(w, w.group_params + (panel * w.groups + group) * w.param_bytes, n);
        acc = std::fma(static_cast<float>(dot), token.scale[block] * a.scale, acc);
        acc = std::fma(a.offset, token.sum[block], acc);
      }
      out[t * w.rows + row] = acc;
    }
  }
}

}  // namespace qn
