// What ops share that take rows of values, f32[R,V], and give one value for each.
#pragma once

#include <string>

#include "native/core/index_check.h"
#include "native/core/op.h"

namespace qn {

inline std::string check_has_columns(const Call& call) {
  if (call.in[0].dim[1] == 0) return "the rows have no columns";
  return {};
}

// in[1], i32[R], selects a column of each row.
inline std::string check_selected_columns(const Call& call) {
  return check_indices(call.in[1],
                       {.end = call.in[0].dim[1], .index = "column", .entry = "row", .extent = "columns"});
}

inline int64_t rows_as_items(const Call& call) { return call.in[0].dim[0]; }

}  // namespace qn
