// The order in which GPTQ walks over columns, in positions: every group starts at a multiple of 8 and is
// padded to one with positions that stand for no column, so that all of the walk goes in whole tiles.
#pragma once

#include <cstdint>
#include <vector>

#include "native/linalg/row_panels.h"
#include "native/quant/gptq/layer.h"

namespace qn {

struct ColumnGroup {
  int64_t begin, end;  // positions, padding included
  int64_t columns;     // without padding, which comes last
  int32_t group;
};

struct ColumnOrder {
  std::vector<int32_t> columns;      // [positions]: the column of each, -1: padding
  std::vector<ColumnGroup> groups;   // in order
  std::vector<int32_t> group_index;  // [cols]: the group of a column
  std::vector<float> importance;     // [positions]: the Hessian's diagonal, 0 for padding

  int64_t positions() const { return static_cast<int64_t>(columns.size()); }
};

// `diagonal` [cols] of the Hessian. Equal elements keep their order.
ColumnOrder order_columns(Order order, const float* diagonal, int64_t cols, int64_t group);

// The Hessian in this order, in panels: with `diagonal_term` added to the diagonal and 1 there for columns
// that are dead (a diagonal of 0) or padding; plain, these are rows and columns of zeros.
struct HessianOptions {
  double diagonal_term;
  bool regular;  // with the ones
};
RowPanels hessian_panels(const float* hessian, int64_t cols, const ColumnOrder& order,
                         const HessianOptions& options, const Execution& run);

}  // namespace qn
