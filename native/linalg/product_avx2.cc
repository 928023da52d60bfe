// 8 of the 16 registers are sums, 4 columns by the two vectors of a panel: just the chains that two
// multiply-adds a cycle of latency 4 need.
#include "native/linalg/product_kernel.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

void subtract_half(const double* x, const double* y, double* c, int64_t depth) {
  __m256d low[4], high[4];
  QN_UNROLL for (int j = 0; j < 4; ++j) {
    low[j] = _mm256_loadu_pd(c + 8 * j);
    high[j] = _mm256_loadu_pd(c + 8 * j + 4);
  }
  for (int64_t k = 0; k < depth; ++k, x += 8, y += 8) {
    const __m256d rows_low = _mm256_loadu_pd(x), rows_high = _mm256_loadu_pd(x + 4);
    QN_UNROLL for (int j = 0; j < 4; ++j) {
      const __m256d scalar = _mm256_broadcast_sd(y + j);
      low[j] = _mm256_fnmadd_pd(rows_low, scalar, low[j]);
      high[j] = _mm256_fnmadd_pd(rows_high, scalar, high[j]);
    }
  }
  QN_UNROLL for (int j = 0; j < 4; ++j) {
    _mm256_storeu_pd(c + 8 * j, low[j]);
    _mm256_storeu_pd(c + 8 * j + 4, high[j]);
  }
}

}  // namespace

void subtract_product_avx2(const ProductTile& tile) {
  for (int64_t p = 0; p < tile.panels; ++p) {
    for (int64_t half = 0; half < 2; ++half) {
      subtract_half(tile.x + p * tile.x_stride, tile.y + 4 * half, tile.c + p * tile.c_stride + 32 * half,
                    tile.depth);
    }
  }
}

}  // namespace qn
