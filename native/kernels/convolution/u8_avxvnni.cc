// Integer convolutions on AVX-VNNI: a register holds 8 channels x 4 columns of weight codes, 4 codes of a
// pixel are broadcast against it, and each lane of the sum belongs to one output channel.
#include "native/kernels/convolution/u8_256.h"
#include "native/simd/dot_avxvnni.h"

namespace qn {
namespace {

// 12 sums, two vectors of codes and one of activations in 16 registers.
inline constexpr int kTilePixels = 6;
inline constexpr bool kWidened = false;

inline void prepare_windows(const TileJob&) {}

template <int kPixels>
QN_INLINE void multiply_chunk(__m256i (&acc)[kPixels][kHalves], const uint8_t* const (&x)[kPixels], int64_t k,
                              const uint8_t* codes) {
  __m256i chunk[kHalves];
  QN_UNROLL for (int h = 0; h < kHalves; ++h) {
    chunk[h] = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes) + h);
  }
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    const __m256i four = four_codes(x[i] + k);
    QN_UNROLL for (int h = 0; h < kHalves; ++h) acc[i][h] = add_dot(acc[i][h], four, chunk[h]);
  }
}

template <Output kOutput, int kPixels, int kPanels>
void tile(const TileJob& job, const TilePlace& place) {
  const int64_t channel = place.panel * kPanelRows;
  __m256i acc[kPixels][kHalves];
  QN_UNROLL for (int h = 0; h < kHalves; ++h) {
    const __m256i start = start_of(job, channel + h * kHalfRows);
    QN_UNROLL for (int i = 0; i < kPixels; ++i) acc[i][h] = start;
  }
  prefetch_results<kOutput, kPixels, kPanels>(job, place);
  const uint8_t* codes = tile_codes(job, place);
  const uint8_t* const* table = job.block.tap + place.pixel;
  const int64_t end = job.tap_chunks * 4;
  for (int64_t tap = 0; tap < job.block.taps; ++tap, table += job.block.table_stride) {
    const uint8_t* x[kPixels];
    QN_UNROLL for (int i = 0; i < kPixels; ++i) x[i] = table[i];
    int64_t k = 0;
    for (; k + 4 * kTurnChunks <= end; k += 4 * kTurnChunks, codes += 64 * kTurnChunks) {
      QN_UNROLL for (int j = 0; j < kTurnChunks; ++j)
          multiply_chunk<kPixels>(acc, x, k + 4 * j, codes + 64 * j);
    }
    if constexpr (kTurnChunks > 1) {
      for (; k < end; k += 4, codes += 64) multiply_chunk<kPixels>(acc, x, k, codes);
    }
  }
  finish<kOutput>(job, place, channel, acc);
}

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/u8_kernels.h"

namespace qn {
QN_U8_CONVOLUTION_KERNELS(avxvnni)
}  // namespace qn
