// 24 of the 32 registers are sums: a step reads 3 vectors of x and 8 scalars of y for its 24 multiply-adds.
#include "native/linalg/product_kernel.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

template <int kPanels>
void subtract(const ProductTile& tile) {
  __m512d sum[kPanels][8];
  const double* x[kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    x[p] = tile.x + p * tile.x_stride;
    QN_UNROLL for (int j = 0; j < 8; ++j) sum[p][j] = _mm512_loadu_pd(tile.c + p * tile.c_stride + 8 * j);
  }
  const double* y = tile.y;
  for (int64_t k = 0; k < tile.depth; ++k, y += 8) {
    __m512d rows[kPanels];
    QN_UNROLL for (int p = 0; p < kPanels; ++p) rows[p] = _mm512_loadu_pd(x[p] + 8 * k);
    QN_UNROLL for (int j = 0; j < 8; ++j) {
      const __m512d scalar = _mm512_set1_pd(y[j]);
      QN_UNROLL for (int p = 0; p < kPanels; ++p) sum[p][j] = _mm512_fnmadd_pd(rows[p], scalar, sum[p][j]);
    }
  }
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    QN_UNROLL for (int j = 0; j < 8; ++j) _mm512_storeu_pd(tile.c + p * tile.c_stride + 8 * j, sum[p][j]);
  }
}

}  // namespace

void subtract_product_avx512(const ProductTile& tile) {
  if (tile.panels == 3) return subtract<3>(tile);
  if (tile.panels == 2) return subtract<2>(tile);
  subtract<1>(tile);
}

}  // namespace qn
