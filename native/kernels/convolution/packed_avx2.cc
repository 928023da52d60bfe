// Convolutions with packed weights on AVX2 without VNNI. vpmaddubsw adds two products of an unsigned and a
// signed code in 16 bits: codes of 4 bits less a zero point among them are at most 15 in magnitude, so that
// four chunks' sums, 8 * 255 * 15, still fit. Then they are added in 32 bits.
#include "native/kernels/convolution/packed_256.h"

namespace qn {
namespace {

// 6 sums of 32 bits, 6 of 16, two vectors of codes, one of activations and a product in 16 registers.
inline constexpr int kTilePixels = 3;
inline constexpr int kNarrowChunks = 4;
static_assert(2 * kNarrowChunks * 255 * 15 <= 32767);

// kChunks chunks' sums.
template <int kPixels, int kChunks>
QN_INLINE void multiply_chunks(const uint8_t* const (&x)[kPixels], int64_t chunk, const uint8_t* codes,
                               __m256i (&acc)[kPixels][kHalves]) {
  __m256i narrow[kPixels][kHalves];
  QN_UNROLL for (int j = 0; j < kChunks; ++j) {
    __m256i of_half[kHalves];
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      of_half[half] = load_256(codes + (chunk + j) * 64 + half * 32);
    }
    QN_UNROLL for (int i = 0; i < kPixels; ++i) {
      const __m256i four = four_codes(x[i] + (chunk + j) * 4);
      QN_UNROLL for (int half = 0; half < kHalves; ++half) {
        const __m256i products = _mm256_maddubs_epi16(four, of_half[half]);
        narrow[i][half] = j == 0 ? products : _mm256_add_epi16(narrow[i][half], products);
      }
    }
  }
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      const __m256i wide = _mm256_madd_epi16(narrow[i][half], _mm256_set1_epi16(1));
      acc[i][half] = _mm256_add_epi32(acc[i][half], wide);
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
  for (; chunk + kNarrowChunks <= end; chunk += kNarrowChunks) {
    multiply_chunks<kPixels, kNarrowChunks>(x, chunk, codes, acc);
  }
  if (end - chunk == 3) multiply_chunks<kPixels, 3>(x, chunk, codes, acc);
  if (end - chunk == 2) multiply_chunks<kPixels, 2>(x, chunk, codes, acc);
  if (end - chunk == 1) multiply_chunks<kPixels, 1>(x, chunk, codes, acc);
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    QN_UNROLL for (int half = 0; half < kHalves; ++half) dot[i][half] = acc[i][half];
  }
}

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/packed_kernels.h"

namespace qn {
QN_PACKED_CONVOLUTION_KERNELS(avx2)
}  // namespace qn
