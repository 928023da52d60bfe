// Rows of the matrices that bitsandbytes saves: NF4 and FP4, LLM.int8().
#pragma once

#include "native/quant/matrix_rows.h"

namespace qn {

// Codes into a table. Its native form, lut4 panels, has groups that lie within a row: where blocks do not,
// the greatest common divisor of block and row is the group.
class TableRows : public MatrixRows {
 public:
  TableRows(const TableSource& source, std::string_view name);

  int64_t row_bytes() const override { return (cols() + 1) / 2; }
  void read(int64_t row, float* out) const override;
  NativeForm native_form() const override;
  void read_codes(int64_t row, PanelRows& panel, int r) const override;
  void release(int64_t begin, int64_t end) const override;

 private:
  int code(int64_t element) const { return codes_[element / 2] >> (element % 2 ? 0 : 4) & 15; }

  const FileRange& file_;  // of the codes
  const uint8_t* codes_;
  int64_t block_, group_;
  std::vector<float> absmax_, table_;
  double stored_bits_;  // a weight
};

class Int8Rows : public MatrixRows {
 public:
  Int8Rows(const Int8Source& source, std::string_view name);

  int64_t row_bytes() const override { return cols(); }
  void read(int64_t row, float* out) const override;
  NativeForm native_form() const override;
  void read_codes(int64_t row, PanelRows& panel, int r) const override;
  void release(int64_t begin, int64_t end) const override;

 private:
  const FileRange& file_;  // of the codes
  const int8_t* codes_;
  std::vector<float> absmax_;
};

}  // namespace qn
