#include "native/quant/plain_code_rows.h"

namespace qn {
namespace {

constexpr const char* kNoScales = "codes without scales can be loaded as i8 only, not as the target asks";

}  // namespace

PlainCodeRows::PlainCodeRows(const FileSource& source, std::string_view name)
    : MatrixRows(name, {source.rows, source.cols}),
      file_(&source.bytes),
      flip_(source.type == SourceType::u8 ? 0x80 : 0) {
  const uint64_t expected = static_cast<uint64_t>(source.rows) * static_cast<uint64_t>(source.cols);
  if (source.bytes.length != expected) {
    fail("expected " + std::to_string(source.rows) + " x " + std::to_string(source.cols) +
         " codes of a byte, found " + std::to_string(source.bytes.length) + " bytes");
  }
  codes_ = source.bytes.file->data(source.bytes.offset, source.bytes.length);
}

PlainCodeRows::PlainCodeRows(const CodesSource& source, std::string_view name)
    : MatrixRows(name, {source.rows, source.cols}),
      codes_(reinterpret_cast<const uint8_t*>(source.codes.data())),
      flip_(0) {
  if (static_cast<int64_t>(source.codes.size()) != source.rows * source.cols) {
    fail("expected " + std::to_string(source.rows) + " x " + std::to_string(source.cols) + " codes, found " +
         std::to_string(source.codes.size()));
  }
}

void PlainCodeRows::read(int64_t row, float* out) const {
  const uint8_t* from = codes_ + row * cols();
  for (int64_t k = 0; k < cols(); ++k) out[k] = static_cast<float>(static_cast<int8_t>(from[k] ^ flip_));
}

NativeForm PlainCodeRows::native_form() const { fail(kNoScales); }

void PlainCodeRows::read_codes(int64_t, PanelRows&, int) const { fail(kNoScales); }

void PlainCodeRows::release(int64_t begin, int64_t end) const {
  if (!file_) return;
  file_->file->release(file_->offset + static_cast<uint64_t>(begin * cols()),
                       static_cast<uint64_t>((end - begin) * cols()));
}

}  // namespace qn
