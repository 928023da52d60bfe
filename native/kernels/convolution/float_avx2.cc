// Convolutions of float32 on AVX2 and FMA: two registers are the 16 channels of a panel.
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/float_convolution.h"
#include "native/panels/codes_avx2.h"

namespace qn {
namespace {

// 12 of the 16 registers are sums; two hold a column of weights, one the pixel.
constexpr int kTilePixels = 6;
constexpr int kTilePanels = 1;
constexpr int kTileColumns = 1;  // GCC 12 spills a sum when it is unrolled by four

QN_INLINE void apply_fused(const Call& call, const FusedTile& tile) { apply_fused_avx2(call, tile); }

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/float_kernels.h"

namespace qn {

void conv2d_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  conv2d(call, begin, end, scratch);
}

void transpose_conv2d_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  transpose_conv2d(call, begin, end, scratch);
}

}  // namespace qn
