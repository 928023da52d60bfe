#include "native/quant/load_taps.h"

#include <cmath>

#include "native/core/error.h"
#include "native/quant/float_rows.h"

namespace qn {
namespace {

int8_t code_of(float value, const RowName& name, int64_t column) {
  if (!(value >= -128.0f && value <= 127.0f && value == std::nearbyint(value))) {
    throw Error(name.element(column) + ": expected an integer from -128 to 127, found " +
                std::to_string(value));
  }
  return static_cast<int8_t>(value);
}

}  // namespace

OwnedWeight load_taps(const MatrixRows& source, int64_t tap_cols, const LoadControl& control) {
  if (tap_cols < 1 || source.cols() % tap_cols != 0) {
    throw Error("tensor '" + source.name() + "': expected columns in taps of " + std::to_string(tap_cols) +
                ", found " + std::to_string(source.cols()) + " columns");
  }
  OwnedWeight weight = allocate_tap_panels(source.rows(), source.cols(), tap_cols);
  const int64_t taps = source.cols() / tap_cols, padded = padded_tap_cols(tap_cols);
  const int64_t padded_rows = weight.view.panels * kPanelRows;
  int32_t* sums = reinterpret_cast<int32_t*>(weight.tap_sums.data());
  FloatScratch scratch(control, source.cols());
  fill_code_panels(control, source, weight, [&](int64_t row, int r, int worker, PanelRows& rows) {
    float* values = scratch.of(worker);
    source.read(row, values);
    for (int64_t tap = 0; tap < taps; ++tap) {
      int32_t sum = 0;
      for (int64_t k = 0; k < tap_cols; ++k) {
        const int64_t column = tap * tap_cols + k;
        const int8_t code = code_of(values[column], {source.name(), row}, column);
        rows.codes(r)[tap * padded + k] = static_cast<uint8_t>(code);
        sum += code;
      }
      sums[tap * padded_rows + row] = sum;
    }
  });
  return weight;
}

}  // namespace qn
