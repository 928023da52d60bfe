// Indices in integer operands, checked before a kernel reads memory by them (OpSpec::check_values).
#pragma once

#include <cstdint>
#include <string>

#include "native/core/call.h"

namespace qn {

// Indices from `begin` to less than `end`, and the words of the message: "column 9 (row 2) is outside the 7
// columns" has the index "column", the entry "row" and the extent "columns".
struct IndexRange {
  std::int64_t begin = 0;
  std::int64_t end;
  const char* index;
  const char* entry;
  const char* extent;
};

// What is wrong with the first of the i32 indices that is out of range; empty when all are inside.
std::string check_indices(const View& indices, const IndexRange& range);

}  // namespace qn
