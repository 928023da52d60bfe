// A linear layer to be quantized so that its outputs change least, and what comes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "native/linalg/product.h"
#include "native/quant/grid.h"
#include "native/quant/round_to_nearest.h"

namespace qn {

enum class Method : uint8_t { rtn, gptq };

// The order in which columns are quantized: earlier errors are compensated by more columns.
//   none       as they are
//   act        by descending diagonal of the Hessian; a group is a run of columns in that order (desc_act)
//   act_group  groups stay runs of columns of the matrix; groups by their mean diagonal, and columns within a
//   group
//              by theirs: the same layout as `none` (GPTQModel's act_group_aware)
enum class Order : uint8_t { none, act, act_group };

// With inputs x as columns, hessian = 2 / n sum x x^T, and the loss of quantized weights Q is
// tr((W - Q) H (W - Q)^T).
struct Layer {
  const float* weights;  // [rows, cols]
  const float* hessian;  // [cols, cols], symmetric
  int64_t rows, cols;
  int64_t group;  // columns that share a scale; -1: the whole row
  GridOptions grid;
  Method method;
  Order order;
  double damp;  // of the mean diagonal, added to the diagonal
  int sweeps;   // of coordinate descent over the codes after GPTQ
  bool refit;   // scales, zero points and offsets by least squares before each sweep and after the last

  int64_t groups() const { return group_count(cols, group); }
};

// Codes with the grid of each group of each row.
struct QuantizedRows {
  std::vector<uint8_t> codes;        // [rows, cols]
  std::vector<Grid> grids;           // [rows, groups]
  std::vector<int32_t> group_index;  // [cols]: the group of a column
  int64_t groups;

  float value(int64_t row, int64_t col) const {
    const int64_t cols = static_cast<int64_t>(group_index.size());
    const int64_t group = group_index[static_cast<size_t>(col)];
    return grids[static_cast<size_t>(row * groups + group)].value(
        codes[static_cast<size_t>(row * cols + col)]);
  }
};

struct Solution {
  QuantizedRows rows;
  double loss;
  double rtn_loss;  // of round-to-nearest with the same grid and clip search
  double damp;      // what the Cholesky factor needed, at least layer.damp; 0 for round-to-nearest
  int64_t dead_columns;
  std::string fallback;  // why the result is round-to-nearest although it was not asked for; empty: it is not
};

// Work done and in all, in multiply-adds; called on the thread that called.
using SolveProgress = std::function<void(double done, double total)>;

// Throws Error naming the element of weights or hessian that is NaN or infinite or has no float16 grid, and
// the diagonal element that is negative; Aborted.
Solution solve_layer(const Layer& layer, const Execution& run, const SolveProgress& progress);

}  // namespace qn
