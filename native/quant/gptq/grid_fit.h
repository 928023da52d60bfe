// Least squares of the grids of a row given its codes: all groups at once, under the damped loss.
#pragma once

#include <vector>

#include "native/quant/gptq/row_tile.h"

namespace qn {

// With codes c, a row is q = sum over groups g of s_g c_g + o_g 1_g, and its loss quadratic in the 2 G
// numbers s and o. The offset grid takes the minimum, rounded to float16. The asymmetric grid takes its zero
// points from there, -o / s rounded, and then the scales that are best with them; the symmetric grid keeps
// its zero points.
class GridFit {
 public:
  // `hessian` is damped, in the order of `order`. The codes and grids of `rows` are read and the grids
  // replaced.
  GridFit(const Layer& layer, const ColumnOrder& order, const RowPanels& hessian, ProductKernel* kernel,
          QuantizedRows& rows);

  // Fits the rows of a tile whose errors are loaded; keeps the grids of a row where the rounded fit is not
  // better. Uses the tile's other buffers. true: some grid changed.
  bool run(RowTile& tile) const;

 private:
  // The quadratic form of the 8 rows of a panel in lanes: [2 G][2 G][8] and [2 G][8].
  struct Normal {
    std::vector<double> matrix, gradient;
  };

  void load_codes(RowTile& tile) const;
  void add_code_products(RowTile& tile, std::vector<Normal>& normals) const;
  void add_ones(const RowTile& tile, int64_t panel, Normal& normal) const;
  bool fit_panel(const RowTile& tile, int64_t panel, const Normal& normal) const;

  const Layer& layer_;
  const ColumnOrder& order_;
  const RowPanels& hessian_;
  ProductKernel* kernel_;
  QuantizedRows& rows_;
  std::vector<double> column_sums_;  // [groups][positions]: sums of the Hessian's columns of a group
  std::vector<double> group_sums_;   // [groups][groups]: sums of those over the rows of a group
};

}  // namespace qn
