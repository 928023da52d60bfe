// Integer convolutions on AVX-512 VNNI: a register holds 16 channels x 4 columns of weight codes, 4 codes of
// a pixel are broadcast against it, and each lane of the sum belongs to one output channel.
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/u8_tile.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// 24 sums, two vectors of codes and one of activations in 32 registers.
inline constexpr int kTilePixels = 12;
inline constexpr int kTilePanels = 2;
inline constexpr bool kWidened = false;

constexpr auto apply_fused = apply_fused_avx512;

inline void prepare_windows(const TileJob&) {}

QN_INLINE int32_t four_codes(const uint8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return four;
}

template <int kPixels, int kPanels>
QN_INLINE void multiply_chunk(__m512i (&acc)[kPixels][kPanels], const uint8_t* const (&x)[kPixels], int64_t k,
                              const uint8_t* codes, int64_t panel_bytes) {
  __m512i chunk[kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) chunk[p] = _mm512_load_si512(codes + p * panel_bytes);
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    const __m512i four = _mm512_set1_epi32(four_codes(x[i] + k));
    QN_UNROLL for (int p = 0; p < kPanels; ++p) acc[i][p] = _mm512_dpbusd_epi32(acc[i][p], four, chunk[p]);
  }
}

QN_INLINE __mmask16 first_channels(int64_t n) {
  return n >= kPanelRows ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << n) - 1);
}

template <Output kOutput>
QN_INLINE void finish(const TileJob& job, __m512i acc, int64_t pixel, int64_t channel) {
  const Requantization& r = job.requantization;
  const ChannelTerms& terms = job.channels;
  if (job.pixels.has_sum) {
    const __m512i sum =
        _mm512_mullo_epi32(_mm512_set1_epi32(job.pixels.sum[pixel]), _mm512_load_si512(terms.sum + channel));
    acc = _mm512_add_epi32(acc, sum);
  }
  __m512 y = _mm512_cvtepi32_ps(acc);
  if (kOutput == Output::dynamic) y = _mm512_mul_ps(y, _mm512_set1_ps(job.pixels.scale[pixel]));
  y = _mm512_mul_ps(y, _mm512_load_ps(terms.scale + channel));
  if (kOutput == Output::dynamic) y = _mm512_add_ps(y, _mm512_load_ps(terms.bias + channel));
  y = _mm512_min_ps(_mm512_max_ps(y, _mm512_set1_ps(r.lo)), _mm512_set1_ps(r.hi));
  const __mmask16 mask = first_channels(job.channels_left - channel);
  if (kOutput == Output::codes) {
    const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(y), _mm512_set1_epi32(r.y_zero));
    _mm512_mask_cvtepi32_storeu_epi8(job.rows[pixel] + channel, mask, q);
  } else {
    _mm512_mask_storeu_ps(reinterpret_cast<float*>(job.rows[pixel]) + channel, mask, y);
  }
}

template <Output kOutput, int kPixels, int kPanels>
void tile(const TileJob& job, const TilePlace& place) {
  const int64_t channel = place.panel * kPanelRows;
  __m512i acc[kPixels][kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    const __m512i start = _mm512_load_si512(job.channels.start + channel + p * kPanelRows);
    QN_UNROLL for (int i = 0; i < kPixels; ++i) acc[i][p] = start;
  }
  const uint8_t* codes = tile_codes(job, place);
  const uint8_t* const* table = job.block.tap;
  const int64_t end = job.tap_chunks * 4;
  for (int64_t tap = 0; tap < job.block.taps; ++tap, table += job.block.table_stride) {
    const uint8_t* x[kPixels];
    QN_UNROLL for (int i = 0; i < kPixels; ++i) x[i] = table[tile_pixel(place, i)];
    int64_t k = 0;
    for (; k + 16 <= end; k += 16, codes += 256) {
      QN_UNROLL for (int j = 0; j < 4; ++j) {
        multiply_chunk<kPixels, kPanels>(acc, x, k + 4 * j, codes + 64 * j, job.panel_bytes);
      }
    }
    for (; k < end; k += 4, codes += 64) multiply_chunk<kPixels, kPanels>(acc, x, k, codes, job.panel_bytes);
  }
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    if (i >= place.pixels) break;
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      finish<kOutput>(job, acc[i][p], place.pixel + i, channel + p * kPanelRows);
    }
  }
}

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/u8_kernels.h"

namespace qn {
QN_U8_CONVOLUTION_KERNELS(avx512)
}  // namespace qn
