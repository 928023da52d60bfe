// Rows of 8-bit codes whose scales, if any, are elsewhere: tensors of types I8 and U8 in a file, codes in
// memory.
#pragma once

#include "native/quant/matrix_rows.h"

namespace qn {

class PlainCodeRows : public MatrixRows {
 public:
  PlainCodeRows(const FileSource& source, std::string_view name);
  PlainCodeRows(const CodesSource& source, std::string_view name);

  int64_t row_bytes() const override { return cols(); }
  // The codes themselves as signed ones: those of U8 minus 128.
  void read(int64_t row, float* out) const override;
  NativeForm native_form() const override;
  void read_codes(int64_t row, PanelRows& panel, int r) const override;
  void release(int64_t begin, int64_t end) const override;

 private:
  const FileRange* file_ = nullptr;  // null: in memory
  const uint8_t* codes_;
  uint8_t flip_;  // the sign bit, where codes are unsigned
};

}  // namespace qn
