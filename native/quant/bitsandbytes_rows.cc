#include "native/quant/bitsandbytes_rows.h"

#include <cmath>
#include <cstring>
#include <numeric>

#include "native/quant/float_rows.h"
#include "native/quant/llm_int8.h"

namespace qn {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// `size` bytes of a part, or what is wrong with it.
struct Part {
  const uint8_t* data = nullptr;
  std::string problem;
};

Part part_of(const FileRange& range, const char* what, int64_t size) {
  if (range.length != static_cast<uint64_t>(size)) {
    return {nullptr, std::string(what) + ": expected " + std::to_string(size) + " bytes, found " +
                         std::to_string(range.length)};
  }
  return {range.file->data(range.offset, range.length), {}};
}

Part floats_of(const FileRange& range, const char* what, int64_t count, std::vector<float>& out) {
  Part part = part_of(range, what, 4 * count);
  if (!part.problem.empty()) return part;
  out.resize(static_cast<size_t>(count));
  std::memcpy(out.data(), part.data, 4 * out.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (!std::isfinite(out[i])) {
      return {nullptr, std::string(what) + " [" + std::to_string(i) + "]: expected a finite value, found " +
                           std::to_string(out[i])};
    }
  }
  return part;
}

}  // namespace

TableRows::TableRows(const TableSource& source, std::string_view name)
    : MatrixRows(name, source.size), file_(source.codes), block_(source.block) {
  const auto checked = [&](Part part) {
    if (!part.problem.empty()) fail(part.problem);
    return part.data;
  };
  const int64_t elements = rows() * cols();
  if (block_ < 1) fail("expected blocks of at least one element, found " + std::to_string(block_));
  const int64_t blocks = ceil_div(elements, block_);
  group_ = std::gcd(block_, cols());
  codes_ = checked(part_of(source.codes, "codes", ceil_div(elements, 2)));
  checked(floats_of(source.table, "table", 16, table_));
  int64_t absmax_bits = 32 * blocks;
  if (!source.nested) {
    checked(floats_of(source.absmax, "absmax", blocks, absmax_));
  } else {
    const TableSource::Nested& nested = *source.nested;
    if (nested.block < 1) fail("expected nested blocks of at least one value");
    if (!std::isfinite(nested.offset)) fail("expected a finite nested offset");
    const int64_t nested_blocks = ceil_div(blocks, nested.block);
    std::vector<float> scale, map;
    const uint8_t* bytes = checked(part_of(source.absmax, "absmax", blocks));
    checked(floats_of(nested.absmax, "nested absmax", nested_blocks, scale));
    checked(floats_of(nested.table, "nested table", 256, map));
    absmax_.resize(static_cast<size_t>(blocks));
    for (int64_t i = 0; i < blocks; ++i) {
      const float product = scale[static_cast<size_t>(i / nested.block)] * map[bytes[i]];
      absmax_[static_cast<size_t>(i)] = product + nested.offset;
    }
    absmax_bits = 8 * blocks + 32 * nested_blocks + 32;
  }
  stored_bits_ = 4 + static_cast<double>(absmax_bits) / static_cast<double>(elements);
}

void TableRows::read(int64_t row, float* out) const {
  for (int64_t k = 0; k < cols(); ++k) {
    const int64_t element = row * cols() + k;
    out[k] = absmax_[static_cast<size_t>(element / block_)] * table_[static_cast<size_t>(code(element))];
  }
  check_finite(out, cols(), {name(), row});
}

NativeForm TableRows::native_form() const {
  return {WeightFormat::lut4, ParamFormat::f32, group_, stored_bits_, table_.data()};
}

void TableRows::read_codes(int64_t row, PanelRows& panel, int r) const {
  if (group_ % 16 != 0) {
    fail("expected blocks that share a multiple of 16 columns with a row, found blocks of " +
         std::to_string(block_) + " and rows of " + std::to_string(cols()) + ", which panels cannot hold");
  }
  const int64_t first = row * cols();
  for (int64_t k = 0; k < cols(); ++k) panel.codes(r)[k] = static_cast<uint8_t>(code(first + k));
  for (int64_t g = 0; g < cols() / group_; ++g) {
    panel.scale(r)[g] = absmax_[static_cast<size_t>((first + g * group_) / block_)];
  }
}

void TableRows::release(int64_t begin, int64_t end) const {
  const int64_t from = begin * cols() / 2, to = end * cols() / 2;
  file_.file->release(file_.offset + static_cast<uint64_t>(from), static_cast<uint64_t>(to - from));
}

Int8Rows::Int8Rows(const Int8Source& source, std::string_view name)
    : MatrixRows(name, source.size), file_(source.codes) {
  const Part codes = part_of(source.codes, "codes", rows() * cols());
  if (!codes.problem.empty()) fail(codes.problem);
  codes_ = reinterpret_cast<const int8_t*>(codes.data);
  const Part absmax = floats_of(source.absmax, "absmax", rows(), absmax_);
  if (!absmax.problem.empty()) fail(absmax.problem);
}

void Int8Rows::read(int64_t row, float* out) const {
  const float scale = int8_scale(absmax_[static_cast<size_t>(row)]).scale;
  for (int64_t k = 0; k < cols(); ++k) out[k] = scale * static_cast<float>(codes_[row * cols() + k]);
}

NativeForm Int8Rows::native_form() const {
  return {WeightFormat::u8, ParamFormat::f32_f32, -1, llm_int8_bits_per_weight(cols())};
}

void Int8Rows::read_codes(int64_t row, PanelRows& panel, int r) const {
  const Int8Scale scale = int8_scale(absmax_[static_cast<size_t>(row)]);
  const float params[2] = {scale.scale, scale.offset};
  check_finite(params, 2, {name(), row});
  for (int64_t k = 0; k < cols(); ++k) {
    panel.codes(r)[k] = static_cast<uint8_t>(codes_[row * cols() + k] + kInt8Bias);
  }
  *panel.scale(r) = scale.scale;
  *panel.offset(r) = scale.offset;
}

void Int8Rows::release(int64_t begin, int64_t end) const {
  file_.file->release(file_.offset + static_cast<uint64_t>(begin * cols()),
                      static_cast<uint64_t>((end - begin) * cols()));
}

}  // namespace qn
