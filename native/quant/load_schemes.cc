#include "native/quant/load_schemes.h"

#include <vector>

#include "native/quant/float_rows.h"
#include "native/quant/llm_int8.h"
#include "native/quant/nf4.h"

namespace qn {
namespace {

// Replaces the absmax of every block by what double quantization leaves of it.
void double_quantize_scales(OwnedWeight& weight) {
  const Weight& view = weight.view;
  float* params = reinterpret_cast<float*>(weight.params.data());
  const auto scale = [&](int64_t row, int64_t group) -> float& {
    return params[(row / kPanelRows * view.groups + group) * kPanelRows + row % kPanelRows];
  };
  std::vector<float> absmax(static_cast<size_t>(view.rows * view.groups));
  auto at = absmax.begin();
  for (int64_t n = 0; n < view.rows; ++n) {
    for (int64_t g = 0; g < view.groups; ++g) *at++ = scale(n, g);
  }
  double_quantize(absmax);
  at = absmax.begin();
  for (int64_t n = 0; n < view.rows; ++n) {
    for (int64_t g = 0; g < view.groups; ++g) scale(n, g) = *at++;
  }
}

}  // namespace

OwnedWeight allocate_nf4(int64_t rows, int64_t cols) {
  OwnedWeight weight = allocate_table_panels(nf4_table(), rows, cols, kNf4Block);
  weight.bits_per_weight = nf4_bits_per_weight(rows, cols);
  return weight;
}

OwnedWeight load_nf4(const MatrixRows& source, const LoadControl& control) {
  OwnedWeight weight = allocate_nf4(source.rows(), source.cols());
  FloatScratch scratch(control, source.cols());
  fill_code_panels(control, source, weight, [&](int64_t row, int r, int worker, PanelRows& rows) {
    float* values = scratch.of(worker);
    source.read(row, values);
    quantize_nf4_row(values, source.cols(), rows.codes(r), rows.scale(r));
  });
  double_quantize_scales(weight);
  return weight;
}

OwnedWeight load_llm_int8(const MatrixRows& source, const LoadControl& control) {
  OwnedWeight weight =
      allocate_code_panels(WeightFormat::u8, ParamFormat::f32_f32, source.rows(), source.cols(), -1);
  FloatScratch scratch(control, source.cols());
  fill_code_panels(control, source, weight, [&](int64_t row, int r, int worker, PanelRows& rows) {
    float* values = scratch.of(worker);
    source.read(row, values);
    const Int8Scale scale = int8_scale(quantize_int8_row(values, source.cols(), rows.codes(r)));
    const float params[2] = {scale.scale, scale.offset};
    check_finite(params, 2, {source.name(), row});
    *rows.scale(r) = scale.scale;
    *rows.offset(r) = scale.offset;
  });
  weight.bits_per_weight = llm_int8_bits_per_weight(source.cols());
  return weight;
}

}  // namespace qn
