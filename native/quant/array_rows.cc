#include "native/quant/array_rows.h"

#include <algorithm>

#include "native/quant/float_rows.h"

namespace qn {

ArrayRows::ArrayRows(const ArraySource& source, std::string_view name)
    : MatrixRows(name, {source.rows, source.cols}), values_(source.values.data()) {
  if (static_cast<int64_t>(source.values.size()) != source.rows * source.cols) {
    fail("expected " + std::to_string(source.rows) + " x " + std::to_string(source.cols) + " values, found " +
         std::to_string(source.values.size()));
  }
}

void ArrayRows::read(int64_t row, float* out) const {
  std::copy_n(values_ + row * cols(), cols(), out);
  check_finite(out, cols(), {name(), row});
}

void ArrayRows::read_codes(int64_t, PanelRows&, int) const { fail("floats have no codes"); }

}  // namespace qn
