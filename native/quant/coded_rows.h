// Rows of quantized matrices: codes, and a scale and a zero point or an offset for each group of columns.
#pragma once

#include "native/quant/matrix_rows.h"

namespace qn {

// What is common to them. Groups that act-order scattered are gathered: panels hold groups of consecutive
// columns, so native codes stand in column_order(), and the layer's input must be permuted alike.
class CodedRows : public MatrixRows {
 public:
  void read(int64_t row, float* out) const override;
  NativeForm native_form() const override;
  void read_codes(int64_t row, PanelRows& panel, int r) const override;

 protected:
  CodedRows(const CanonicalShape& shape, std::string_view name);

  const CanonicalShape& shape() const { return shape_; }

  // Codes [begin, begin + count) of a row as stored; begin is a multiple of 32.
  virtual void unpack(int64_t row, int64_t begin, int64_t count, uint8_t* codes) const = 0;

  // To be called by the constructors: scales, and one of zeros and offsets, each [groups, rows].
  void set_scales(SourceType type, const uint8_t* bytes);
  void set_zeros(std::vector<uint8_t> zeros) { zeros_ = std::move(zeros); }
  void set_offsets(const uint8_t* float16_bytes);
  // [cols]; Throws Error unless each entry lies in [0, groups).
  void set_group_index(const uint8_t* int32_bytes);

 private:
  int64_t group_of(int64_t column) const {
    return group_index_.empty() ? column / group_columns_ : group_index_[static_cast<size_t>(column)];
  }
  void check_finite_params(const std::vector<float>& params) const;

  CanonicalShape shape_;
  int64_t group_columns_;
  SourceType scale_type_ = SourceType::f16;
  std::vector<float> scales_, offsets_;
  std::vector<uint8_t> zeros_;
  std::vector<int32_t> group_index_;  // empty: k / group
  std::string order_problem_;         // why panels cannot hold this group index, if they cannot
};

// Codes packed into the words of canonical.h, in a file or in memory.
class WordRows : public CodedRows {
 public:
  WordRows(const GptqSource& source, std::string_view name);
  WordRows(const Canonical& source, std::string_view name);

  int64_t row_bytes() const override { return shape().column_words() * 4; }
  void release(int64_t begin, int64_t end) const override;

 private:
  void unpack(int64_t row, int64_t begin, int64_t count, uint8_t* codes) const override;
  const uint8_t* data(const FileRange& range, const char* what, int64_t size) const;

  const FileRange* file_ = nullptr;  // of qweight; null: in memory
  const uint8_t* words_;
};

// A code a byte, in memory.
class ByteRows : public CodedRows {
 public:
  ByteRows(const QuantizedSource& source, std::string_view name);

  int64_t row_bytes() const override { return cols(); }
  void release(int64_t, int64_t) const override {}

 private:
  void unpack(int64_t row, int64_t begin, int64_t count, uint8_t* codes) const override;

  const uint8_t* codes_;
};

}  // namespace qn
