// Convolutions of float32 on AVX-512: one register is the 16 channels of a panel.
//
// One core of a Zen 4, whose multiply-adds alone reach 117 GFLOP/s: 3x3 of 64 to 512 channels 106 to 114, 1x1
// of 256 to 2048 channels 105 to 115. Less where the result or the input hardly fits the caches, and where
// windows have few channels: 1x1 of 16 to 96 channels on 160 x 160 pixels 88, 7x7 of RGB 92, 3x3 of RGB 77.
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/float_convolution.h"
#include "native/panels/codes_avx512.h"

namespace qn {
namespace {

// 24 of the 32 registers are sums, so that each of a column's 14 loads serves almost two multiply-adds.
// Twelve pointers to the pixels' rows are also what the general registers hold.
constexpr int kTilePixels = 12;
constexpr int kTilePanels = 2;
constexpr int kTileColumns = 4;

QN_INLINE void apply_fused(const Call& call, const FusedTile& tile) { apply_fused_avx512(call, tile); }

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/float_kernels.h"

namespace qn {

void conv2d_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  conv2d(call, begin, end, scratch);
}

void transpose_conv2d_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  transpose_conv2d(call, begin, end, scratch);
}

}  // namespace qn
