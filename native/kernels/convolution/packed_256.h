// Convolutions with packed weights in 256-bit registers: half a panel, 8 channels x 4 columns of codes, is a
// register. An ISA file defines kTilePixels and
//
//   group_dots<kPixels>(x, chunk, end, codes, dot)   adds the dot products of chunks [chunk, end) to
//                                                    dot[kPixels][2]
//
// in a function of its own, which has all 16 registers for integers; float sums are kept in memory.
#pragma once

#include "native/elementwise/apply_fused.h"
#include "native/kernels/convolution/packed_tile.h"

namespace qn {
namespace {

inline constexpr int kTilePanels = 1;
inline constexpr int kHalves = 2;
inline constexpr int kHalfRows = kPanelRows / kHalves;

constexpr auto apply_fused = apply_fused_avx2;

template <int kPixels>
void group_dots(const uint8_t* const* x, int64_t chunk, int64_t end, const uint8_t* codes,
                __m256i (&dot)[kPixels][kHalves]);

QN_INLINE __m256i load_256(const void* p) { return _mm256_load_si256(static_cast<const __m256i*>(p)); }
QN_INLINE void store_256(void* p, __m256i v) { _mm256_store_si256(static_cast<__m256i*>(p), v); }

QN_INLINE __m256i four_codes(const uint8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm256_set1_epi32(four);
}

// Half of chunk i of a step.
template <WeightFormat kFormat>
QN_INLINE __m256i half_chunk(const uint8_t* step, int i, int half) {
  if constexpr (kFormat == WeightFormat::u4) {
    const __m256i v = load_256(step + i / 2 * 64 + half * 32);
    return _mm256_and_si256(i % 2 ? _mm256_srli_epi16(v, 4) : v, _mm256_set1_epi8(0x0f));
  } else {
    const __m256i v = load_256(step + half * 32);
    return _mm256_and_si256(i ? _mm256_srli_epi16(v, 2 * i) : v, _mm256_set1_epi8(0x03));
  }
}

template <WeightFormat kFormat>
void unpack_panel(const Weight& w, int64_t panel, const Columns& columns, uint8_t* to, GroupTerms* terms) {
  constexpr int64_t kStepBytes = kFormat == WeightFormat::u4 ? 128 : 64;
  const __m256i ones = _mm256_set1_epi8(1), pairs = _mm256_set1_epi16(1);
  const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
  int64_t column = first_step(columns);
  const uint8_t* step = w.codes + panel * w.panel_bytes + column / kStepColumns * kStepBytes;
  for (int64_t group = column / w.group; column < columns.end; ++group, ++terms) {
    const uint8_t* of_group = params + group * w.param_bytes;
    const int64_t group_end = (group + 1) * w.group, end = group_end < columns.end ? group_end : columns.end;
    __m256i zeros[kHalves], sum[kHalves];
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      const __m128i bytes =
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(of_group + 2 * kPanelRows + half * kHalfRows));
      zeros[half] = _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_set1_epi32(0x01010101));
      sum[half] = _mm256_setzero_si256();
    }
    for (; column < end; column += kStepColumns, step += kStepBytes, to += kStepColumns * kPanelRows) {
      const bool whole = column >= columns.begin && column + kStepColumns <= columns.end;
      QN_UNROLL for (int i = 0; i < 4; ++i) {
        const int32_t mask = whole ? -1 : column_mask(columns, column + 4 * i);
        QN_UNROLL for (int half = 0; half < kHalves; ++half) {
          const __m256i all = _mm256_sub_epi8(half_chunk<kFormat>(step, i, half), zeros[half]);
          const __m256i codes = _mm256_and_si256(all, _mm256_set1_epi32(mask));
          const __m256i quads = _mm256_madd_epi16(_mm256_maddubs_epi16(ones, codes), pairs);
          sum[half] = _mm256_add_epi32(sum[half], quads);
          store_256(to + i * 64 + half * 32, codes);
        }
      }
    }
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      const __m128i halves =
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(of_group + half * 2 * kHalfRows));
      _mm256_store_ps(terms->scale + half * kHalfRows, _mm256_cvtph_ps(halves));
      const __m256i minus = _mm256_sub_epi32(_mm256_setzero_si256(), sum[half]);
      const __m256i low = _mm256_and_si256(minus, _mm256_set1_epi32(127));
      store_256(terms->minus_sum + half * kHalfRows,
                _mm256_or_si256(_mm256_slli_epi32(_mm256_srai_epi32(minus, 7), 16), low));
    }
  }
}

QN_INLINE void store_floats(float* to, __m256 y, int64_t channels) {
  if (channels >= kHalfRows) {
    _mm256_storeu_ps(to, y);
    return;
  }
  alignas(32) float each[kHalfRows];
  _mm256_store_ps(each, y);
  for (int64_t i = 0; i < channels; ++i) to[i] = each[i];
}

template <int kPixels>
QN_INLINE void store_tile(const PackedJob& job, const PackedPlace& place,
                          const __m256 (&acc)[kPixels][kHalves]) {
  const __m256 lo = _mm256_set1_ps(job.lo), hi = _mm256_set1_ps(job.hi);
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    if (i >= place.pixels) break;
    const __m256 scale = _mm256_set1_ps(job.scales[place.pixel + i]);
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      const int64_t channel = place.panel * kPanelRows + half * kHalfRows;
      const __m256 y = _mm256_fmadd_ps(acc[i][half], scale, _mm256_load_ps(job.bias + channel));
      store_floats(reinterpret_cast<float*>(job.rows[place.pixel + i]) + channel,
                   _mm256_min_ps(hi, _mm256_max_ps(lo, y)), job.channels - channel);  // NaN stays
    }
  }
}

template <int kPixels, int kPanels>
void tile(const PackedJob& job, const PackedPlace& place) {
  prefetch_rows<kPixels, kPanels>(job, place);
  __m256 acc[kPixels][kHalves];
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    QN_UNROLL for (int half = 0; half < kHalves; ++half) acc[i][half] = _mm256_setzero_ps();
  }
  const int32_t* zeros = job.zeros + place.pixel;
  const uint8_t* codes = job.codes + place.panel * job.panel_bytes;
  each_group(job, place, [&](const GroupTerms* terms, int64_t chunk, int64_t end) QN_LAMBDA_INLINE {
    __m256i dot[kPixels][kHalves];
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      const __m256i sum = load_256(terms->minus_sum + half * kHalfRows);
      QN_UNROLL for (int i = 0; i < kPixels; ++i) {
        dot[i][half] = _mm256_madd_epi16(_mm256_set1_epi32(zeros[i]), sum);
      }
    }
    group_dots<kPixels>(job.cells + place.pixel, chunk, end, codes, dot);
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      const __m256 scale = _mm256_load_ps(terms->scale + half * kHalfRows);
      QN_UNROLL for (int i = 0; i < kPixels; ++i) {
        acc[i][half] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[i][half]), scale, acc[i][half]);
      }
    }
  });
  store_tile<kPixels>(job, place, acc);
}

}  // namespace
}  // namespace qn
