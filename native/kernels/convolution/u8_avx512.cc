// Integer convolutions on AVX-512 VNNI: a register holds 16 channels x 4 columns of weight codes, 4 codes of
// a pixel are broadcast against it, and each lane of the sum belongs to one output channel.
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/panel_512.h"
#include "native/kernels/convolution/u8_tile.h"

namespace qn {
namespace {

// 24 sums, two vectors of codes and one of activations in 32 registers.
inline constexpr int kTilePixels = 12;
inline constexpr int kTilePanels = 2;
inline constexpr bool kWidened = false;

constexpr auto apply_fused = apply_fused_avx512;

inline void prepare_windows(const TileJob&) {}

template <int kPixels, int kPanels>
QN_INLINE void multiply_chunk(__m512i (&acc)[kPixels][kPanels], const uint8_t* const (&x)[kPixels], int64_t k,
                              const uint8_t* codes, int64_t panel_bytes) {
  __m512i chunk[kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) chunk[p] = _mm512_load_si512(codes + p * panel_bytes);
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    const __m512i four = four_codes(x[i] + k);
    QN_UNROLL for (int p = 0; p < kPanels; ++p) acc[i][p] = _mm512_dpbusd_epi32(acc[i][p], four, chunk[p]);
  }
}

// Of one panel.
void store_some_codes(uint8_t* to, __m128i codes, int64_t channels) {
  if (channels >= kPanelRows) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), codes);
    return;
  }
  alignas(16) uint8_t each[kPanelRows];
  _mm_store_si128(reinterpret_cast<__m128i*>(each), codes);
  int64_t i = 0;
  if (channels & 8) __builtin_memcpy(to, each, 8), i = 8;
  if (channels & 4) __builtin_memcpy(to + i, each + i, 4), i += 4;
  for (; i < channels; ++i) to[i] = each[i];
}

// The codes of four vectors, 16 bytes each, one after the other. Beyond hi there is nothing, NaN and what is
// far below lo become the least integer, and saturate.
QN_INLINE __m512i codes_of(__m512 a, __m512 b, __m512 c, __m512 d, const Requantization& r) {
  const __m512 hi = _mm512_set1_ps(r.hi);
  const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(r.y_zero));
  const auto whole = [&](__m512 y) QN_LAMBDA_INLINE { return _mm512_cvtps_epi32(_mm512_min_ps(hi, y)); };
  const __m512i ab = _mm512_adds_epi16(_mm512_packs_epi32(whole(a), whole(b)), zero);
  const __m512i cd = _mm512_adds_epi16(_mm512_packs_epi32(whole(c), whole(d)), zero);
  const __m512i lo = _mm512_set1_epi8(static_cast<int8_t>(static_cast<int32_t>(r.lo) + r.y_zero));
  const __m512i codes = _mm512_max_epu8(_mm512_packus_epi16(ab, cd), lo);
  // Packing works within quarters of a register.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, codes);
}

template <int kPixels, int kPanels>
QN_INLINE void store_codes(const TileJob& job, const TilePlace& place,
                           const __m512i (&acc)[kPixels][kPanels]) {
  const int64_t channel = place.panel * kPanelRows, channels = job.channels_left - channel;
  const Requantization r = job.requantization;
  uint8_t* const* rows = job.rows + place.pixel;
  __m512 scale[kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    scale[p] = _mm512_load_ps(job.channels.scale + channel + p * kPanelRows);
  }
  constexpr int kTogether = 4 / kPanels;  // pixels
  QN_UNROLL for (int i = 0; i < kPixels; i += kTogether) {
    if (i >= place.pixels) break;
    __m512 y[4];
    QN_UNROLL for (int v = 0; v < 4; ++v) {
      y[v] = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[i + v / kPanels][v % kPanels]), scale[v % kPanels]);
    }
    const __m512i codes = codes_of(y[0], y[1], y[2], y[3], r);
    if (kPanels == 2 && channels >= 2 * kPanelRows) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows[i] + channel), _mm512_castsi512_si256(codes));
      if (i + 1 >= place.pixels) break;
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows[i + 1] + channel),
                          _mm512_extracti64x4_epi64(codes, 1));
      continue;
    }
    alignas(64) __m128i quarter[4];
    _mm512_store_si512(quarter, codes);
    QN_UNROLL for (int v = 0; v < 4; ++v) {
      const int pixel = i + v / kPanels, p = v % kPanels;
      if (pixel >= place.pixels) break;
      store_some_codes(rows[pixel] + channel + p * kPanelRows, quarter[v], channels - p * kPanelRows);
    }
  }
}

template <Output kOutput, int kPixels, int kPanels>
QN_INLINE void store_results(const TileJob& job, const TilePlace& place,
                             const __m512i (&acc)[kPixels][kPanels]) {
  const int64_t channel = place.panel * kPanelRows, channels = job.channels_left - channel;
  const __m512 lo = _mm512_set1_ps(job.requantization.lo), hi = _mm512_set1_ps(job.requantization.hi);
  const float* scales = job.pixels.scale + place.pixel;
  uint8_t* const* rows = job.rows + place.pixel;
  __m512 scale[kPanels], bias[kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    scale[p] = _mm512_load_ps(job.channels.scale + channel + p * kPanelRows);
    bias[p] = _mm512_load_ps(job.channels.bias + channel + p * kPanelRows);
  }
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    if (i >= place.pixels) break;
    float* to = reinterpret_cast<float*>(rows[i]) + channel;
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      __m512 y = _mm512_cvtepi32_ps(acc[i][p]);
      if (kOutput == Output::dynamic) y = _mm512_mul_ps(y, _mm512_set1_ps(scales[i]));
      y = _mm512_mul_ps(y, scale[p]);
      if (kOutput == Output::dynamic) y = _mm512_add_ps(y, bias[p]);
      y = _mm512_min_ps(hi, _mm512_max_ps(lo, y));  // NaN stays
      store_floats(to + p * kPanelRows, y, channels - p * kPanelRows);
    }
  }
}

template <int kPixels, int kPanels>
QN_INLINE void add_pixel_sums(const TileJob& job, const TilePlace& place, __m512i (&acc)[kPixels][kPanels]) {
  const int32_t* of_pixel = job.pixels.sum + place.pixel;
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    const __m512i of_channel = _mm512_load_si512(job.channels.sum + (place.panel + p) * kPanelRows);
    QN_UNROLL for (int i = 0; i < kPixels; ++i) {
      acc[i][p] = _mm512_add_epi32(acc[i][p], _mm512_mullo_epi32(_mm512_set1_epi32(of_pixel[i]), of_channel));
    }
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
          multiply_chunk<kPixels, kPanels>(acc, x, k + 4 * j, codes + 64 * j, job.panel_bytes);
    }
    if constexpr (kTurnChunks > 1) {
      for (; k < end; k += 4, codes += 64)
        multiply_chunk<kPixels, kPanels>(acc, x, k, codes, job.panel_bytes);
    }
  }
  if (job.pixels.has_sum) add_pixel_sums(job, place, acc);
  if constexpr (kOutput == Output::codes) {
    store_codes(job, place, acc);
  } else {
    store_results<kOutput>(job, place, acc);
  }
}

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/u8_kernels.h"

namespace qn {
QN_U8_CONVOLUTION_KERNELS(avx512)
}  // namespace qn
