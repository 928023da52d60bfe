// Integer convolutions on AVX2 without VNNI. vpmaddubsw would add two products of an unsigned and a signed
// code in 16 bits and saturate (255 * 127 * 2 does not fit), so both are widened to 16 bits and vpmaddwd adds
// their products in 32: two instructions for 16 products, as many as for codes split into nibbles, without
// their draining. Weights are widened as they are loaded, each for the pixels of a tile; a block of windows
// once for all channels.
//
// A register holds 4 channels x 4 columns of weights; 4 values of a pixel are broadcast against it, and a sum
// has two lanes for each channel.
#include "native/kernels/convolution/u8_256.h"

namespace qn {
namespace {

// 12 sums, two vectors of weights, one of activations and a product in 16 registers.
inline constexpr int kTilePixels = 6;
inline constexpr bool kWidened = true;
inline constexpr int kQuarters = 2;  // of a panel, 4 channels each, at a time

inline int64_t window_columns(const TileJob& job) { return job.block.taps * job.tap_chunks * 4; }

void prepare_windows(const TileJob& job) {
  const Block& block = job.block;
  const int64_t columns = job.tap_chunks * 4;
  uint16_t* to = job.widened;
  for (int64_t i = 0; i < block.pixels; ++i) {
    const uint8_t* const* tap = block.tap + i;
    for (int64_t t = 0; t < block.taps; ++t, tap += block.table_stride, to += columns) {
      for (int64_t k = 0; k < columns; k += 16) {
        const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(*tap + k));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + k), _mm256_cvtepu8_epi16(codes));
      }
    }
  }
}

// GCC 12 would compute all products first and spill them, or copy each sum to another register and back.
QN_INLINE void accumulate(__m256i& acc, __m256i products) {
#if defined(__GNUC__) && !defined(QN_SIMDE)
  __asm__("vpaddd %1, %0, %0" : "+x"(acc) : "x"(products));
#else
  acc = _mm256_add_epi32(acc, products);
#endif
}

template <int kPixels>
QN_INLINE void multiply_chunk(__m256i (&acc)[kPixels][kQuarters], const uint16_t* x, int64_t stride,
                              const uint8_t* codes) {
  __m256i w[kQuarters];
  QN_UNROLL for (int q = 0; q < kQuarters; ++q) {
    w[q] = _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(codes) + q));
  }
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    int64_t four;
    __builtin_memcpy(&four, x + i * stride, sizeof four);
    const __m256i pixel = _mm256_set1_epi64x(four);
    QN_UNROLL for (int q = 0; q < kQuarters; ++q) { accumulate(acc[i][q], _mm256_madd_epi16(pixel, w[q])); }
  }
}

// Half a panel. Beyond the pixels to be stored, what lies there is computed and dropped.
template <Output kOutput, int kPixels>
void half_tile(const TileJob& job, const TilePlace& place, int half) {
  const int64_t columns = window_columns(job);
  const uint16_t* x = job.widened + place.pixel * columns;
  const uint8_t* codes = tile_codes(job, place) + half * kHalfRows * 4;
  __m256i acc[kPixels][kQuarters];
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    QN_UNROLL for (int q = 0; q < kQuarters; ++q) acc[i][q] = _mm256_setzero_si256();
  }
  int64_t k = 0;
  for (; k + 8 <= columns; k += 8, codes += 8 * kPanelRows) {
    multiply_chunk<kPixels>(acc, x + k, columns, codes);
    multiply_chunk<kPixels>(acc, x + k + 4, columns, codes + 4 * kPanelRows);
  }
  if (k < columns) multiply_chunk<kPixels>(acc, x + k, columns, codes);
  const int64_t channel = place.panel * kPanelRows + half * kHalfRows;
  const __m256i start = start_of(job, channel);
  __m256i sums[kPixels][1];
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    // Channels 0 1 4 5 | 2 3 6 7.
    const __m256i pairs = _mm256_hadd_epi32(acc[i][0], acc[i][1]);
    sums[i][0] = _mm256_add_epi32(_mm256_permute4x64_epi64(pairs, _MM_SHUFFLE(3, 1, 2, 0)), start);
  }
  finish<kOutput>(job, place, channel, sums);
}

template <Output kOutput, int kPixels, int kPanels>
void tile(const TileJob& job, const TilePlace& place) {
  prefetch_results<kOutput, kPixels, kPanels>(job, place);
  half_tile<kOutput, kPixels>(job, place, 0);
  half_tile<kOutput, kPixels>(job, place, 1);
}

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/u8_kernels.h"

namespace qn {
QN_U8_CONVOLUTION_KERNELS(avx2)
}  // namespace qn
