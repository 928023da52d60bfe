#include "native/quant/round_to_nearest.h"

#include <algorithm>

#include "native/core/error.h"

namespace qn {

void check_scale(const Grid& grid, const float* w, int64_t n, int bits, const RowName& name, int64_t begin) {
  if (grid.scale <= kFloat16Max) return;
  const auto [lo, hi] = std::minmax_element(w, w + n);
  const float* extreme = -*lo > *hi ? lo : hi;
  throw Error(name.element(begin + (extreme - w)) + ": weight " + std::to_string(*extreme) +
              " needs a scale beyond float16's 65504 at " + std::to_string(bits) + " bits");
}

void quantize_row(const float* row, int64_t cols, const QuantizeOptions& options, const RowName& name,
                  uint8_t* codes, float* scale, uint8_t* zero) {
  check_finite(row, cols, name);
  const GridOptions grid_options{options.bits, options.symmetric ? GridKind::symmetric : GridKind::asymmetric,
                                 options.clip};
  const int64_t size = options.group < 0 ? cols : options.group;
  for (int64_t begin = 0, g = 0; begin < cols; begin += size, ++g) {
    const float* w = row + begin;
    const int64_t n = std::min(size, cols - begin);
    const Grid grid = find_grid(w, n, grid_options, nullptr);
    check_scale(grid, w, n, options.bits, name, begin);
    round_to_grid(w, n, grid, grid_options.max_code(), codes + begin);
    scale[g] = grid.scale;
    zero[g] = static_cast<uint8_t>(grid.zero);
  }
}

}  // namespace qn
