// The rows of a weight matrix one by one, whatever holds them: what every target is made from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "native/quant/panels.h"
#include "native/quant/weight_source.h"

namespace qn {

// The panels that hold a matrix exactly as it is stored.
struct NativeForm {
  WeightFormat format;
  ParamFormat params;            // of codes
  int64_t group;                 // of codes: columns that share a scale, -1: the whole row
  double bits_per_weight;        // as stored, scales and zero points counted
  const float* table = nullptr;  // of lut4: 16 values
};

inline bool is_float(WeightFormat format) { return format <= WeightFormat::bf16; }

class MatrixRows {
 public:
  MatrixRows(std::string_view name, MatrixSize size) : name_(name), size_(size) {}
  virtual ~MatrixRows() = default;
  MatrixRows(const MatrixRows&) = delete;
  MatrixRows& operator=(const MatrixRows&) = delete;

  const std::string& name() const { return name_; }
  int64_t rows() const { return size_.rows; }
  int64_t cols() const { return size_.cols; }

  // Bytes of the source that reading one row takes.
  virtual int64_t row_bytes() const = 0;

  // Row `row` in the model's order of rows and columns, [cols]. Throws Error naming a value that is not
  // finite. May be called by several threads at once, as read_codes may.
  virtual void read(int64_t row, float* out) const = 0;

  virtual NativeForm native_form() const = 0;

  // Where the native form has codes: row `row` into row `r` of a panel, its columns in column_order().
  virtual void read_codes(int64_t row, PanelRows& panel, int r) const = 0;

  // Where act-order scattered the columns of a group, and panels hold them together: column j of the codes is
  // column order[j] of the model. Empty: all in the model's order.
  const std::vector<int32_t>& column_order() const { return column_order_; }

  // Rows [begin, end) will not be read again: their mapped pages may go.
  virtual void release(int64_t begin, int64_t end) const = 0;

 protected:
  [[noreturn]] void fail(const std::string& problem) const;

  std::vector<int32_t> column_order_;

 private:
  std::string name_;
  MatrixSize size_;
};

// Throws Error naming the weight when the source is malformed. Random weights and indices have no rows. The
// source must outlive the rows.
std::unique_ptr<MatrixRows> open_rows(const WeightSource& source, std::string_view name);

}  // namespace qn
