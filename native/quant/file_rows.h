// Rows of a matrix in a mapped file: floats, or ggml's blocks.
#pragma once

#include "native/quant/matrix_rows.h"

namespace qn {

class FileRows : public MatrixRows {
 public:
  FileRows(const FileSource& source, std::string_view name);

  int64_t row_bytes() const override { return row_bytes_; }
  void read(int64_t row, float* out) const override;
  NativeForm native_form() const override;
  void read_codes(int64_t row, PanelRows& panel, int r) const override;
  void release(int64_t begin, int64_t end) const override;

 private:
  const uint8_t* row(int64_t model_row) const;

  const FileSource& source_;
  const uint8_t* data_ = nullptr;
  int64_t row_bytes_ = 0;
  int64_t head_rows_ = 0;  // of a head in rotary order; 0: rows as they are
};

}  // namespace qn
