#include "native/quant/weight_source.h"

#include <limits>

namespace qn {
namespace {

struct SizeOf {
  MatrixSize operator()(const FileSource& source) const { return {source.rows, source.cols}; }
  MatrixSize operator()(const GptqSource& source) const { return {source.shape.rows, source.shape.cols}; }
  MatrixSize operator()(const TableSource& source) const { return source.size; }
  MatrixSize operator()(const Int8Source& source) const { return source.size; }
  MatrixSize operator()(const QuantizedSource& source) const {
    return {source.shape.rows, source.shape.cols};
  }
  MatrixSize operator()(const ArraySource& source) const { return {source.rows, source.cols}; }
  MatrixSize operator()(const CodesSource& source) const { return {source.rows, source.cols}; }
  MatrixSize operator()(const ValuesSource& source) const { return {1, source.count}; }
  MatrixSize operator()(const RandomSource& source) const { return {source.rows, source.cols}; }
  MatrixSize operator()(const Canonical& source) const { return {source.shape.rows, source.shape.cols}; }
};

}  // namespace

MatrixSize size_of(const WeightSource& source) { return std::visit(SizeOf{}, source); }

std::string size_problem(MatrixSize size) {
  // Leaves room for a padded f32 copy without overflow.
  constexpr int64_t kMaxWeights = std::numeric_limits<int64_t>::max() >> 12;
  constexpr int64_t kMaxCols = std::numeric_limits<int32_t>::max() - 64;  // Weight::group is an int32
  const auto [rows, cols] = size;
  if (rows >= 1 && cols >= 1 && cols <= kMaxCols && rows <= kMaxWeights / cols) return {};
  return "impossible shape [" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

}  // namespace qn
