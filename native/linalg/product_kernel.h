// The one loop of dense linear algebra here that is written for each instruction set. ISA files include this
// header, so it includes nothing of the standard library.
#pragma once

#include <stdint.h>

namespace qn {

// c[p][j][i] -= sum over k of x[p][k][i] * y[k][j], for `panels` (1 to 3) panels p, 8 columns j, 8 rows i.
// Every element is one chain of fused multiply-adds over k in order, so all kernels give the same bits.
struct ProductTile {
  const double* x;  // [depth][8] at x + p * x_stride
  int64_t x_stride;
  const double* y;  // [depth][8]
  double* c;        // [8][8] at c + p * c_stride
  int64_t c_stride;
  int64_t panels;
  int64_t depth;
};

using ProductKernel = void(const ProductTile& tile);

inline constexpr int64_t kProductPanels = 3;

ProductKernel subtract_product_reference;
#if defined(QN_X86)
ProductKernel subtract_product_avx2, subtract_product_avx512;
#endif

}  // namespace qn
