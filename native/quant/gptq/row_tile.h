// Some rows of a layer while one thread refines them, in panels [positions][8].
#pragma once

#include <vector>

#include "native/quant/gptq/column_order.h"
#include "native/quant/gptq/lane_grids.h"

namespace qn {

struct RowTile {
  // Panels that one thread refines together: the Hessian is read from the cache that often.
  static constexpr int64_t kPanels = 6;

  explicit RowTile(int64_t positions)
      : errors(kPanels * kRowPanel, positions),
        products(kPanels * kRowPanel, positions),
        work(kPanels * kRowPanel, positions) {}

  int64_t first_row = 0, rows = 0, panels = 0;
  RowPanels errors;    // W - Q
  RowPanels products;  // what subtract_product made of the Hessian: negative
  RowPanels work;      // a sweep's changes of the errors, a fit's codes

  int64_t lanes(int64_t panel) const {
    return rows - panel * kRowPanel < kRowPanel ? rows - panel * kRowPanel : kRowPanel;
  }
  int64_t row(int64_t panel, int64_t lane) const { return first_row + panel * kRowPanel + lane; }
  PanelRange range(const RowPanels& buffer) const { return {buffer.data(), buffer.panel_size(), panels}; }
};

}  // namespace qn
