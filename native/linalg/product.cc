#include "native/linalg/product.h"

#include <algorithm>
#include <cmath>

namespace qn {
namespace {

// Terms of a sum that are added before the next: a slice of three panels of x takes 48 KB, of 64 rows of y
// 128 KB.
constexpr int64_t kSlice = 256;

}  // namespace

void subtract_product_reference(const ProductTile& tile) {
  for (int64_t p = 0; p < tile.panels; ++p) {
    const double* x = tile.x + p * tile.x_stride;
    double* c = tile.c + p * tile.c_stride;
    for (int64_t k = 0; k < tile.depth; ++k) {
      for (int64_t j = 0; j < 8; ++j) {
        for (int64_t i = 0; i < 8; ++i)
          c[8 * j + i] = std::fma(-x[8 * k + i], tile.y[8 * k + j], c[8 * j + i]);
      }
    }
  }
}

ProductKernel* product_kernel(Isa isa) {
#if defined(QN_X86)
  if (isa == Isa::avx512) return subtract_product_avx512;
  if (isa == Isa::avx2 || isa == Isa::avxvnni) return subtract_product_avx2;
#endif
  (void)isa;
  return subtract_product_reference;
}

void subtract_product(ProductKernel* kernel, const PanelRange& x, const RowPanels& y, const PanelRange& c,
                      int64_t j_begin, int64_t j_end, int64_t k_begin, int64_t k_end) {
  for (int64_t block = j_begin; block < j_end; block += kProductColumns) {
    const int64_t block_end = std::min(block + kProductColumns, j_end);
    for (int64_t k = k_begin; k < k_end; k += kSlice) {
      const int64_t depth = std::min(kSlice, k_end - k);
      for (int64_t p = 0; p < x.panels; p += kProductPanels) {
        const int64_t panels = std::min(kProductPanels, x.panels - p);
        for (int64_t j = block; j < block_end; j += kRowPanel) {
          kernel({x.data + p * x.stride + k * kRowPanel, x.stride, y.panel(j / kRowPanel) + k * kRowPanel,
                  c.data + p * c.stride + j * kRowPanel, c.stride, panels, depth});
        }
      }
    }
  }
}

}  // namespace qn
