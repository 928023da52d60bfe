#include "native/quant/coded_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "native/quant/float_rows.h"

namespace qn {
namespace {

constexpr int64_t kStep = 1024;  // codes that are unpacked at a time; a multiple of 32

// Panels have no 3-bit codes: those go where 4 bits go.
int panel_bits(int bits) { return bits == 3 ? 4 : bits; }

WeightFormat code_format(int bits) {
  return bits == 8 ? WeightFormat::u8 : panel_bits(bits) == 4 ? WeightFormat::u4 : WeightFormat::u2;
}

}  // namespace

CodedRows::CodedRows(const CanonicalShape& shape, std::string_view name)
    : MatrixRows(name, {shape.rows, shape.cols}),
      shape_(shape),
      group_columns_(shape.group < 0 ? shape.cols : shape.group) {
  CanonicalShape held = shape;
  held.bits = panel_bits(shape.bits);
  const std::string problem = shape_problem(held);
  if (!problem.empty()) fail(problem);
}

void CodedRows::check_finite_params(const std::vector<float>& params) const {
  for (size_t i = 0; i < params.size(); ++i) {
    const int64_t group = static_cast<int64_t>(i) / rows(), row = static_cast<int64_t>(i) % rows();
    check_finite(&params[i], 1, {name(), row, group * group_columns_});
  }
}

void CodedRows::set_scales(SourceType type, const uint8_t* bytes) {
  // With 16-bit scales the product with a code is exact in float32, and read() need not fuse.
  if (type != SourceType::f16 && type != SourceType::bf16) {
    fail("expected scales of F16 or BF16, found " + std::string(source_type_info(type).name));
  }
  scale_type_ = type;
  scales_.resize(static_cast<size_t>(shape_.scales_size()));
  decode_floats(type, bytes, shape_.scales_size(), scales_.data());
  check_finite_params(scales_);
}

void CodedRows::set_offsets(const uint8_t* float16_bytes) {
  offsets_.resize(static_cast<size_t>(shape_.scales_size()));
  decode_floats(SourceType::f16, float16_bytes, shape_.scales_size(), offsets_.data());
  check_finite_params(offsets_);
}

void CodedRows::set_group_index(const uint8_t* int32_bytes) {
  std::vector<int32_t> index(static_cast<size_t>(cols()));
  std::memcpy(index.data(), int32_bytes, index.size() * sizeof(int32_t));
  const Canonical matrix{shape_, nullptr, nullptr, nullptr, index.data()};
  const std::string problem = group_index_problem(matrix);
  if (!problem.empty()) fail(problem);
  if (has_contiguous_groups(matrix)) return;

  const int64_t groups = shape_.groups();
  std::vector<int32_t> next(static_cast<size_t>(groups) + 1);
  for (const int32_t g : index) ++next[static_cast<size_t>(g) + 1];
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t expected = std::min(group_columns_, cols() - g * group_columns_);
    const int32_t found = next[static_cast<size_t>(g) + 1];
    if (found != expected && order_problem_.empty()) {
      order_problem_ = "expected " + std::to_string(expected) + " columns of group " + std::to_string(g) +
                       " in g_idx, found " + std::to_string(found) + ", which panels cannot hold";
    }
  }
  for (size_t g = 1; g < next.size(); ++g) next[g] += next[g - 1];
  column_order_.resize(index.size());
  for (size_t k = 0; k < index.size(); ++k) {
    const size_t at = static_cast<size_t>(next[static_cast<size_t>(index[k])]++);
    column_order_[at] = static_cast<int32_t>(k);
  }
  group_index_ = std::move(index);
}

NativeForm CodedRows::native_form() const {
  const ParamFormat params = !offsets_.empty()                ? ParamFormat::f16_f16
                             : scale_type_ == SourceType::f16 ? ParamFormat::f16_u8
                                                              : ParamFormat::f32_f32;
  const double group_bits = 16 + (offsets_.empty() ? shape_.bits : 16);
  const double index_bits = group_index_.empty() ? 0 : 32.0 / static_cast<double>(rows());
  const double bits = shape_.bits + group_bits * static_cast<double>(shape_.groups()) / cols() + index_bits;
  return {code_format(shape_.bits), params, shape_.group, bits};
}

void CodedRows::read(int64_t row, float* out) const {
  uint8_t codes[kStep];
  for (int64_t begin = 0; begin < cols(); begin += kStep) {
    const int64_t count = std::min(kStep, cols() - begin);
    unpack(row, begin, count, codes);
    for (int64_t i = 0; i < count; ++i) {
      const size_t at = static_cast<size_t>(group_of(begin + i) * rows() + row);
      // Exact, and so is the product below: one rounding with an offset, none with a zero point.
      out[begin + i] = offsets_.empty() ? scales_[at] * static_cast<float>(codes[i] - zeros_[at])
                                        : scales_[at] * static_cast<float>(codes[i]) + offsets_[at];
    }
  }
}

void CodedRows::read_codes(int64_t row, PanelRows& panel, int r) const {
  if (!order_problem_.empty()) fail(order_problem_);
  for (int64_t g = 0; g < shape_.groups(); ++g) {
    const size_t at = static_cast<size_t>(g * rows() + row);
    panel.scale(r)[g] = scales_[at];
    panel.offset(r)[g] = offsets_.empty() ? -(scales_[at] * static_cast<float>(zeros_[at])) : offsets_[at];
    panel.zero(r)[g] = offsets_.empty() ? zeros_[at] : 0;
  }
  if (column_order_.empty()) return unpack(row, 0, cols(), panel.codes(r));
  std::vector<uint8_t> stored(static_cast<size_t>(cols()));
  unpack(row, 0, cols(), stored.data());
  for (int64_t k = 0; k < cols(); ++k) {
    panel.codes(r)[k] = stored[static_cast<size_t>(column_order_[static_cast<size_t>(k)])];
  }
}

WordRows::WordRows(const GptqSource& source, std::string_view name)
    : CodedRows(source.shape, name),
      file_(&source.qweight),
      words_(data(source.qweight, "qweight", 4 * shape().qweight_size())) {
  const int64_t scale_bytes = source_row_bytes(source.scale_type, shape().scales_size());
  set_scales(source.scale_type, data(source.scales, "scales", scale_bytes));
  if (source.qzeros.has_value() == source.offsets.has_value()) {
    fail("expected either zero points or offsets");
  }
  if (source.offsets) {
    set_offsets(data(*source.offsets, "offsets", 2 * shape().scales_size()));
  } else {
    const size_t count = static_cast<size_t>(shape().qzeros_size());
    std::vector<int32_t> words(count);
    std::memcpy(words.data(), data(*source.qzeros, "qzeros", 4 * shape().qzeros_size()), 4 * count);
    std::vector<uint8_t> zeros(static_cast<size_t>(shape().scales_size()));
    const auto unpack_them = source.zeros_minus_one ? unpack_zeros_minus_one : unpack_zeros;
    unpack_them(shape(), words.data(), zeros.data());
    set_zeros(std::move(zeros));
  }
  if (source.group_index) set_group_index(data(*source.group_index, "g_idx", 4 * cols()));
}

WordRows::WordRows(const Canonical& source, std::string_view name)
    : CodedRows(source.shape, name), words_(reinterpret_cast<const uint8_t*>(source.qweight)) {
  set_scales(SourceType::f16, reinterpret_cast<const uint8_t*>(source.scales));
  std::vector<uint8_t> zeros(static_cast<size_t>(shape().scales_size()));
  unpack_zeros(shape(), source.qzeros, zeros.data());
  set_zeros(std::move(zeros));
  set_group_index(reinterpret_cast<const uint8_t*>(source.group_index));
}

const uint8_t* WordRows::data(const FileRange& range, const char* what, int64_t size) const {
  if (range.length != static_cast<uint64_t>(size)) {
    fail(std::string(what) + ": expected " + std::to_string(size) + " bytes, found " +
         std::to_string(range.length));
  }
  return range.file->data(range.offset, range.length);
}

void WordRows::unpack(int64_t row, int64_t begin, int64_t count, uint8_t* codes) const {
  const int64_t word = begin * shape().bits / 32;
  unpack_words(shape().bits, words_ + 4 * (word * rows() + row), rows(), count, codes);
}

void WordRows::release(int64_t, int64_t end) const {
  // A word holds codes of one row, but a line of words all rows: nothing can go before the last.
  if (file_ && end == rows()) file_->file->release(file_->offset, file_->length);
}

ByteRows::ByteRows(const QuantizedSource& source, std::string_view name)
    : CodedRows(source.shape, name), codes_(source.codes.data()) {
  const auto expect = [&](const char* what, size_t found, int64_t expected) {
    if (static_cast<int64_t>(found) == expected) return;
    fail(std::string(what) + ": expected " + std::to_string(expected) + " elements, found " +
         std::to_string(found));
  };
  expect("codes", source.codes.size(), rows() * cols());
  expect("scales", source.scales.size(), shape().scales_size());
  const int max_code = (1 << shape().bits) - 1;
  const auto code =
      std::find_if(source.codes.begin(), source.codes.end(), [&](int c) { return c > max_code; });
  if (code != source.codes.end()) {
    fail("expected codes from 0 to " + std::to_string(max_code) + ", found " + std::to_string(*code));
  }
  set_scales(SourceType::f16, reinterpret_cast<const uint8_t*>(source.scales.data()));
  if (source.zeros.empty() == source.offsets.empty()) fail("expected either zero points or offsets");
  if (source.offsets.empty()) {
    expect("zeros", source.zeros.size(), shape().scales_size());
    set_zeros(source.zeros);
  } else {
    expect("offsets", source.offsets.size(), shape().scales_size());
    set_offsets(reinterpret_cast<const uint8_t*>(source.offsets.data()));
  }
  if (!source.group_index.empty()) {
    expect("gIdx", source.group_index.size(), cols());
    set_group_index(reinterpret_cast<const uint8_t*>(source.group_index.data()));
  }
}

void ByteRows::unpack(int64_t row, int64_t begin, int64_t count, uint8_t* codes) const {
  std::memcpy(codes, codes_ + row * cols() + begin, static_cast<size_t>(count));
}

}  // namespace qn
