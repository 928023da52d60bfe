// The levels that a group of weights is rounded to, and how they are found. round_to_nearest.h defines the
// symmetric and the asymmetric grid; the offset grid has a float16 scale and a float16 offset, as Q4_1 blocks
// and HQQ have:
//   scale = (hi - lo) / (2^bits - 1)     offset = lo     over the range [lo, hi] of the group as it is, and
//   code = clamp(round((w - offset) / scale), 0, 2^bits - 1),     value = scale * code + offset
// A group of one value takes the asymmetric grid's levels, a group of zeros scale 2 / (2^bits - 1) and offset
// 0.
#pragma once

#include <cstdint>

#include "native/core/float16.h"

namespace qn {

// mse: besides the whole range, ranges shrunk by 0.98, 0.96, ... 0.20 are tried, and the one with the least
// sum of squared errors is kept; the whole range unless another is strictly better. (GPTQ's search minimises
// the 2.4-norm on a grid of 100, which can end with more squared error than no clipping.)
// hessian: the same with the squared error of each column weighted by its importance; the best is then
// improved by Lloyd's iteration, the weighted least squares of scale and offset given the codes and new codes
// in turn.
enum class Clip : uint8_t { none, mse, hessian };

enum class GridKind : uint8_t { symmetric, asymmetric, offset };

// Level of a code: scale * (code - zero) + base. One of zero and base is 0 by the kind of the grid.
struct Grid {
  float scale;  // a float16 value
  int zero;
  float base;  // a float16 value

  float offset() const { return -(scale * static_cast<float>(zero)) + base; }
  // As native/core/weight_value.h defines it. All terms are multiples of 2^-24 below 2^25, so that double
  // adds them exactly and the one rounding is that of a fused multiply-add.
  float value(int code) const {
    return static_cast<float>(static_cast<double>(scale) * (code - zero) + static_cast<double>(base));
  }
};

struct GridOptions {
  int bits;  // 8, 4 or 2
  GridKind kind;
  Clip clip;
  int max_code() const { return (1 << bits) - 1; }
};

// The grid of a group of finite weights. `importance` [n], not negative, is read for Clip::hessian only. A
// scale that does not fit float16 comes out as infinity.
Grid find_grid(const float* w, int64_t n, const GridOptions& options, const float* importance);

// Round to nearest, ties to even.
void round_to_grid(const float* w, int64_t n, const Grid& grid, int max_code, uint8_t* codes);

}  // namespace qn
