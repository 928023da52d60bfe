// Convolutions with packed weights on AVX-VNNI.
#include "native/kernels/convolution/packed_256.h"

namespace qn {
namespace {

// 12 sums, two vectors of codes and one of activations in 16 registers.
inline constexpr int kTilePixels = 6;

QN_INLINE __m256i multiply_add(__m256i acc, __m256i x, __m256i w) {
#if defined(__AVXVNNI__)
  return _mm256_dpbusd_avx_epi32(acc, x, w);  // the VEX encoding
#else
  return _mm256_dpbusd_epi32(acc, x, w);
#endif
}

template <int kPixels>
QN_INLINE void multiply_chunk(const uint8_t* const (&x)[kPixels], int64_t chunk, const uint8_t* codes,
                              __m256i (&acc)[kPixels][kHalves]) {
  __m256i of_half[kHalves];
  QN_UNROLL for (int half = 0; half < kHalves; ++half) {
    of_half[half] = load_256(codes + chunk * 64 + half * 32);
  }
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    const __m256i four = four_codes(x[i] + chunk * 4);
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      acc[i][half] = multiply_add(acc[i][half], four, of_half[half]);
    }
  }
}

template <int kPixels>
QN_NOINLINE void group_dots(const uint8_t* const* cells, int64_t chunk, int64_t end, const uint8_t* codes,
                            __m256i (&dot)[kPixels][kHalves]) {
  const uint8_t* x[kPixels];
  __m256i acc[kPixels][kHalves];
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    x[i] = cells[i];
    QN_UNROLL for (int half = 0; half < kHalves; ++half) acc[i][half] = dot[i][half];
  }
#if !defined(QN_SIMDE)
  // So that sums stay in their registers.
  for (; chunk + 4 <= end; chunk += 4) {
    QN_UNROLL for (int j = 0; j < 4; ++j) multiply_chunk<kPixels>(x, chunk + j, codes, acc);
  }
#endif
  for (; chunk < end; ++chunk) multiply_chunk<kPixels>(x, chunk, codes, acc);
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    QN_UNROLL for (int half = 0; half < kHalves; ++half) dot[i][half] = acc[i][half];
  }
}

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/packed_kernels.h"

namespace qn {
QN_PACKED_CONVOLUTION_KERNELS(avxvnni)
}  // namespace qn
