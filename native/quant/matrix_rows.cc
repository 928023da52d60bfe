#include "native/quant/matrix_rows.h"

#include "native/core/error.h"
#include "native/quant/array_rows.h"
#include "native/quant/bitsandbytes_rows.h"
#include "native/quant/coded_rows.h"
#include "native/quant/file_rows.h"
#include "native/quant/plain_code_rows.h"

namespace qn {
namespace {

using Rows = std::unique_ptr<MatrixRows>;

struct Open {
  std::string_view name;

  Rows operator()(const FileSource& source) const {
    if (is_plain_code(source.type)) return std::make_unique<PlainCodeRows>(source, name);
    return std::make_unique<FileRows>(source, name);
  }
  Rows operator()(const GptqSource& source) const { return std::make_unique<WordRows>(source, name); }
  Rows operator()(const TableSource& source) const { return std::make_unique<TableRows>(source, name); }
  Rows operator()(const Int8Source& source) const { return std::make_unique<Int8Rows>(source, name); }
  Rows operator()(const Canonical& source) const { return std::make_unique<WordRows>(source, name); }
  Rows operator()(const QuantizedSource& source) const { return std::make_unique<ByteRows>(source, name); }
  Rows operator()(const ArraySource& source) const { return std::make_unique<ArrayRows>(source, name); }
  Rows operator()(const CodesSource& source) const { return std::make_unique<PlainCodeRows>(source, name); }
  Rows operator()(const RandomSource&) const {
    throw Error("tensor '" + std::string(name) + "': random weights have values only in a target's format");
  }
  Rows operator()(const ValuesSource&) const {
    throw Error("tensor '" + std::string(name) + "': plain values are no matrix");
  }
};

}  // namespace

void MatrixRows::fail(const std::string& problem) const { throw Error("tensor '" + name_ + "': " + problem); }

std::unique_ptr<MatrixRows> open_rows(const WeightSource& source, std::string_view name) {
  const std::string problem = size_problem(size_of(source));
  if (!problem.empty()) throw Error("tensor '" + std::string(name) + "': " + problem);
  return std::visit(Open{name}, source);
}

}  // namespace qn
