#include "native/core/index_check.h"

#include "native/core/rows.h"

namespace qn {

std::string check_indices(const View& indices, const IndexRange& range) {
  const std::int32_t* index = static_cast<const std::int32_t*>(indices.data);
  for (std::int64_t i = 0; i < elements_of(indices); ++i) {
    if (index[i] < range.begin || index[i] >= range.end) {
      return std::string(range.index) + " " + std::to_string(index[i]) + " (" + range.entry + " " +
             std::to_string(i) + ") is outside the " + std::to_string(range.end) + " " + range.extent;
    }
  }
  return {};
}

}  // namespace qn
