// Rows of float32 values in memory.
#pragma once

#include "native/quant/matrix_rows.h"

namespace qn {

class ArrayRows : public MatrixRows {
 public:
  ArrayRows(const ArraySource& source, std::string_view name);

  int64_t row_bytes() const override { return cols() * static_cast<int64_t>(sizeof(float)); }
  void read(int64_t row, float* out) const override;
  NativeForm native_form() const override { return {WeightFormat::f32, ParamFormat::none, 0, 32}; }
  void read_codes(int64_t row, PanelRows& panel, int r) const override;
  void release(int64_t, int64_t) const override {}

 private:
  const float* values_;
};

}  // namespace qn
