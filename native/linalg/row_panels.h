// A float64 matrix in panels of 8 rows: [rows / 8][cols][8], so that a vector lane is a row. It is the packed
// form that products want on both sides: C = X Y^T reads 8 rows of X as a vector and 8 rows of Y as scalars,
// both in the order of memory. Rows and columns are padded to whole panels by the caller, in a way that means
// something there.
#pragma once

#include <cstdint>

#include "native/core/aligned_buffer.h"

namespace qn {

inline constexpr int64_t kRowPanel = 8;

class RowPanels {
 public:
  RowPanels() = default;
  // Uninitialised; `rows` is a multiple of 8. Throws std::bad_alloc.
  RowPanels(int64_t rows, int64_t cols)
      : buffer_(static_cast<size_t>(rows * cols) * sizeof(double)), rows_(rows), cols_(cols) {}

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  int64_t panels() const { return rows_ / kRowPanel; }
  int64_t panel_size() const { return cols_ * kRowPanel; }

  // Columns of rows 8 p to 8 p + 7: [cols][8].
  double* panel(int64_t p) const { return data() + p * panel_size(); }
  double* data() const { return reinterpret_cast<double*>(buffer_.data()); }
  int64_t size() const { return rows_ * cols_; }

 private:
  AlignedBuffer buffer_;
  int64_t rows_ = 0, cols_ = 0;
};

}  // namespace qn
