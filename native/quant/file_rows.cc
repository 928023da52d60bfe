#include "native/quant/file_rows.h"

#include <cstring>

#include "native/quant/float_rows.h"
#include "native/quant/ggml_blocks.h"
#include "native/quant/ggml_dequantize.h"

namespace qn {

FileRows::FileRows(const FileSource& source, std::string_view name)
    : MatrixRows(name, {source.rows, source.cols}), source_(source) {
  const SourceTypeInfo& type = source_type_info(source.type);
  if (source.cols % type.block_size != 0) {
    fail("expected rows of a multiple of " + std::to_string(type.block_size) + " columns for " +
         std::string(type.name) + ", found " + std::to_string(source.cols));
  }
  row_bytes_ = source_row_bytes(source.type, source.cols);
  const uint64_t rows = static_cast<uint64_t>(source.rows), row_bytes = static_cast<uint64_t>(row_bytes_);
  const FileRange& bytes = source.bytes;
  if (bytes.length / row_bytes != rows || bytes.length % row_bytes != 0) {
    fail("expected " + std::to_string(source.rows) + " rows of " + std::to_string(row_bytes_) +
         " bytes, found " + std::to_string(bytes.length) + " bytes");
  }
  data_ = bytes.file->data(bytes.offset, bytes.length);
  if (source.rope_heads < 0 ||
      (source.rope_heads > 0 && source.rows % (2 * int64_t{source.rope_heads}) != 0)) {
    fail("expected an even number of rows for each of " + std::to_string(source.rope_heads) +
         " heads, found " + std::to_string(source.rows) + " rows");
  }
  if (source.rope_heads > 0) head_rows_ = source.rows / source.rope_heads;
}

const uint8_t* FileRows::row(int64_t model_row) const {
  int64_t r = model_row;
  if (head_rows_ != 0) {
    const int64_t within = r % head_rows_, half = head_rows_ / 2;
    r = r - within + 2 * (within % half) + within / half;
  }
  return data_ + r * row_bytes_;
}

void FileRows::read(int64_t model_row, float* out) const {
  dequantize(source_.type, row(model_row), cols(), out);
  check_finite(out, cols(), {name(), model_row});
}

NativeForm FileRows::native_form() const {
  const SourceTypeInfo& type = source_type_info(source_.type);
  const double bits = 8.0 * type.block_bytes / type.block_size;
  switch (source_.type) {
    case SourceType::f32:
      return {WeightFormat::f32, ParamFormat::none, 0, bits};
    case SourceType::f16:
      return {WeightFormat::f16, ParamFormat::none, 0, bits};
    case SourceType::bf16:
      return {WeightFormat::bf16, ParamFormat::none, 0, bits};
    default: {
      const BlockCodes& how = block_codes(source_.type);
      return {how.format, how.params, how.group, bits};
    }
  }
}

void FileRows::read_codes(int64_t model_row, PanelRows& panel, int r) const {
  const BlockCodes& how = block_codes(source_.type);
  const int64_t groups = group_count(cols(), how.group);
  unpack_blocks(source_.type, row(model_row), cols(), panel.codes(r), panel.scale(r), panel.offset(r));
  for (int64_t g = 0; g < groups; ++g) {
    const float params[2] = {panel.scale(r)[g], panel.offset(r)[g]};
    check_finite(params, 2, {name(), model_row, g * how.group});
  }
  if (how.zero >= 0) std::memset(panel.zero(r), how.zero, static_cast<size_t>(groups));
}

void FileRows::release(int64_t begin, int64_t end) const {
  source_.bytes.file->release(source_.bytes.offset + static_cast<uint64_t>(begin * row_bytes_),
                              static_cast<uint64_t>((end - begin) * row_bytes_));
}

}  // namespace qn
