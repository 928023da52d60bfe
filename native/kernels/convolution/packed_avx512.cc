// Convolutions with packed weights on AVX-512 VNNI: a register holds 16 channels x 4 columns of weight codes,
// 4 codes of a pixel are broadcast against it, and each lane of the sum belongs to one output channel.
//
// A group of 64 columns is 16 times vpdpbusd and 3 instructions on the same ports (zero points, conversion,
// product): 84 % of the speed of codes with one scale an output, 91 % with groups of 128.
#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/packed_tile.h"

namespace qn {
namespace {

// 12 integer sums, in flight at once and so hiding vpdpbusd's latency, and 12 float sums in 32 registers.
inline constexpr int kTilePixels = 6;
inline constexpr int kTilePanels = 2;

// Chunks that a turn of the inner loop takes, so that sums stay in their registers.
#if defined(QN_SIMDE)
inline constexpr int kTurnChunks = 1;
#else
inline constexpr int kTurnChunks = 4;
#endif

constexpr auto apply_fused = apply_fused_avx512;

// Chunk i of a step.
template <WeightFormat kFormat>
QN_INLINE __m512i chunk_of(const uint8_t* step, int i) {
  if constexpr (kFormat == WeightFormat::u4) {
    const __m512i v = _mm512_load_si512(step + i / 2 * 64);
    return _mm512_and_si512(i % 2 ? _mm512_srli_epi16(v, 4) : v, _mm512_set1_epi8(0x0f));
  } else {
    const __m512i v = _mm512_load_si512(step);
    return _mm512_and_si512(i ? _mm512_srli_epi16(v, 2 * i) : v, _mm512_set1_epi8(0x03));
  }
}

template <WeightFormat kFormat>
void unpack_panel(const Weight& w, int64_t panel, const Columns& columns, uint8_t* to, GroupTerms* terms) {
  constexpr int64_t kStepBytes = kFormat == WeightFormat::u4 ? 128 : 64;
  const __m512i ones = _mm512_set1_epi8(1);
  const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
  int64_t column = first_step(columns);
  const uint8_t* step = w.codes + panel * w.panel_bytes + column / kStepColumns * kStepBytes;
  for (int64_t group = column / w.group; column < columns.end; ++group, ++terms) {
    const uint8_t* of_group = params + group * w.param_bytes;
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(of_group + 2 * kPanelRows));
    const __m512i zeros = _mm512_mullo_epi32(_mm512_cvtepu8_epi32(bytes), _mm512_set1_epi32(0x01010101));
    const int64_t group_end = (group + 1) * w.group, end = group_end < columns.end ? group_end : columns.end;
    __m512i sum = _mm512_setzero_si512();
    for (; column < end; column += kStepColumns, step += kStepBytes, to += kStepColumns * kPanelRows) {
      const bool whole = column >= columns.begin && column + kStepColumns <= columns.end;
      QN_UNROLL for (int i = 0; i < 4; ++i) {
        __m512i codes = _mm512_sub_epi8(chunk_of<kFormat>(step, i), zeros);
        if (!whole) {
          codes = _mm512_and_si512(codes, _mm512_set1_epi32(column_mask(columns, column + 4 * i)));
        }
        sum = _mm512_dpbusd_epi32(sum, ones, codes);
        _mm512_store_si512(to + i * 64, codes);
      }
    }
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(of_group));
    _mm512_store_ps(terms->scale, _mm512_cvtph_ps(halves));
    const __m512i minus = _mm512_sub_epi32(_mm512_setzero_si512(), sum);
    const __m512i low = _mm512_and_si512(minus, _mm512_set1_epi32(127));
    _mm512_store_si512(terms->minus_sum,
                       _mm512_or_si512(_mm512_slli_epi32(_mm512_srai_epi32(minus, 7), 16), low));
  }
}

template <int kPixels, int kPanels>
QN_INLINE void multiply_chunk(__m512i (&dot)[kPixels][kPanels], const uint8_t* const (&x)[kPixels],
                              int64_t chunk, const uint8_t* codes, int64_t panel_bytes) {
  __m512i of_panel[kPanels];
  QN_UNROLL for (int p = 0; p < kPanels; ++p) {
    of_panel[p] = _mm512_load_si512(codes + p * panel_bytes + chunk * 64);
  }
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    int32_t four;
    __builtin_memcpy(&four, x[i] + chunk * 4, sizeof four);
    const __m512i pixel = _mm512_set1_epi32(four);
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      dot[i][p] = _mm512_dpbusd_epi32(dot[i][p], pixel, of_panel[p]);
    }
  }
}

// The last panel of a weight may have fewer than 16 channels to store.
QN_INLINE void store_floats(float* to, __m512 y, int64_t channels) {
  if (channels >= kPanelRows) {
    _mm512_storeu_ps(to, y);
  } else {
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << channels) - 1), y);
  }
}

template <int kPixels, int kPanels>
QN_INLINE void store_tile(const PackedJob& job, const PackedPlace& place,
                          const __m512 (&acc)[kPixels][kPanels]) {
  const int64_t channel = place.panel * kPanelRows;
  const __m512 lo = _mm512_set1_ps(job.lo), hi = _mm512_set1_ps(job.hi);
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    if (i >= place.pixels) break;
    float* to = reinterpret_cast<float*>(job.rows[place.pixel + i]) + channel;
    const __m512 scale = _mm512_set1_ps(job.scales[place.pixel + i]);
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      const __m512 bias = _mm512_load_ps(job.bias + channel + p * kPanelRows);
      const __m512 y = _mm512_fmadd_ps(acc[i][p], scale, bias);
      store_floats(to + p * kPanelRows, _mm512_min_ps(hi, _mm512_max_ps(lo, y)),  // NaN stays
                   job.channels - channel - p * kPanelRows);
    }
  }
}

template <int kPixels, int kPanels>
void tile(const PackedJob& job, const PackedPlace& place) {
  prefetch_rows<kPixels, kPanels>(job, place);
  const uint8_t* x[kPixels];
  __m512 acc[kPixels][kPanels];
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    x[i] = job.cells[place.pixel + i];
    QN_UNROLL for (int p = 0; p < kPanels; ++p) acc[i][p] = _mm512_setzero_ps();
  }
  const int32_t* zeros = job.zeros + place.pixel;
  const uint8_t* codes = job.codes + place.panel * job.panel_bytes;
  each_group(job, place, [&](const GroupTerms* terms, int64_t chunk, int64_t end) QN_LAMBDA_INLINE {
    __m512i dot[kPixels][kPanels];
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      const __m512i sum = _mm512_load_si512(terms[p * job.groups].minus_sum);
      QN_UNROLL for (int i = 0; i < kPixels; ++i) {
        dot[i][p] = _mm512_madd_epi16(_mm512_set1_epi32(zeros[i]), sum);
      }
    }
    for (; chunk + kTurnChunks <= end; chunk += kTurnChunks) {
      QN_UNROLL for (int j = 0; j < kTurnChunks; ++j) {
        multiply_chunk<kPixels, kPanels>(dot, x, chunk + j, codes, job.panel_bytes);
      }
    }
    if constexpr (kTurnChunks > 1) {
      for (; chunk < end; ++chunk) {
        multiply_chunk<kPixels, kPanels>(dot, x, chunk, codes, job.panel_bytes);
      }
    }
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      const __m512 scale = _mm512_load_ps(terms[p * job.groups].scale);
      QN_UNROLL for (int i = 0; i < kPixels; ++i) {
        acc[i][p] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[i][p]), scale, acc[i][p]);
      }
    }
  });
  store_tile<kPixels, kPanels>(job, place, acc);
}

}  // namespace
}  // namespace qn

#include "native/kernels/convolution/packed_kernels.h"

namespace qn {
QN_PACKED_CONVOLUTION_KERNELS(avx512)
}  // namespace qn
