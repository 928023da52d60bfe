// The grids of one group in the 8 rows of a panel, for loops over lanes that the compiler vectorises.
#pragma once

#include "native/linalg/row_panels.h"
#include "native/quant/grid.h"

namespace qn {

class LaneGrids {
 public:
  void set(int64_t lane, const Grid& grid, int max_code) {
    scale_[lane] = grid.scale;
    base_[lane] = grid.base;
    zero_[lane] = grid.zero;
    lo_[lane] = -grid.zero;
    hi_[lane] = max_code - grid.zero;
  }

  // The number of the level nearest to w, ties to even, counted from the zero point.
  double level(int64_t lane, double w) const {
    // Adding 1.5 * 2^52 leaves the nearest integer in the low bits, for |x| < 2^51.
    constexpr double kRoundMagic = 6755399441055744.0;
    double level = (w - base_[lane]) / scale_[lane];
    level = level < lo_[lane] ? lo_[lane] : level;
    level = level > hi_[lane] ? hi_[lane] : level;
    return (level + kRoundMagic) - kRoundMagic;
  }
  int code(int64_t lane, double level) const { return static_cast<int>(level + zero_[lane]); }
  // Grid::value of that code.
  double value(int64_t lane, double level) const {
    return static_cast<double>(static_cast<float>(scale_[lane] * level + base_[lane]));
  }

 private:
  double scale_[kRowPanel], base_[kRowPanel], zero_[kRowPanel], lo_[kRowPanel], hi_[kRowPanel];
};

}  // namespace qn
