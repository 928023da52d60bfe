// linear with q8 activations on AVX-512 VNNI: a register holds 16 rows x 4 columns of codes, a token's 4
// codes are broadcast against it, and each lane of the sum belongs to one output row, so nothing is added
// across lanes.
//
// Per block of 64 columns, vpdpbusd runs 16 times per panel and token and the float part 3 times on the same
// ports (a product and two fused multiply-adds): at most 84 % of the dot-product ceiling can be reached.
#include "native/kernels/linear/q8_operands.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// 2 x 6: 12 integer sums, in flight at once and so hiding vpdpbusd's latency, and 12 float sums in 32
// registers.
inline constexpr int kTilePanels = 2;
inline constexpr int kTileTokens = 6;

template <WeightFormat>
inline constexpr WeightFormat kUnpackedAs = WeightFormat::u8;

struct Affine {
  __m512 scale, offset;
};

QN_INLINE Affine load_affine(ParamFormat format, const uint8_t* p) {
  if (format == ParamFormat::f32_f32) return {_mm512_load_ps(p), _mm512_load_ps(p + 64)};
  const __m256i* halves = reinterpret_cast<const __m256i*>(p);
  const __m512 scale = _mm512_cvtph_ps(_mm256_loadu_si256(halves));
  if (format == ParamFormat::f16_f16) return {scale, _mm512_cvtph_ps(_mm256_loadu_si256(halves + 1))};
  const __m128i zeros = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 32));
  const __m512 product = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(zeros)));
  return {scale, _mm512_sub_ps(_mm512_set1_ps(-0.0f), product)};
}

// Chunk i of a step.
template <WeightFormat kFormat>
QN_INLINE __m512i load_chunk(const uint8_t* step, int i) {
  if constexpr (kFormat == WeightFormat::u8) {
    return _mm512_load_si512(step + i * 64);
  } else if constexpr (kFormat == WeightFormat::u4) {
    const __m512i v = _mm512_load_si512(step + i / 2 * 64);
    return _mm512_and_si512(i % 2 ? _mm512_srli_epi16(v, 4) : v, _mm512_set1_epi8(0x0f));
  } else {
    const __m512i v = _mm512_load_si512(step);
    return _mm512_and_si512(i ? _mm512_srli_epi16(v, 2 * i) : v, _mm512_set1_epi8(0x03));
  }
}

QN_INLINE void add_block(__m512& acc, __m512i dot, const Affine& affine, float scale, float sum) {
  const __m512 product = _mm512_mul_ps(_mm512_set1_ps(scale), affine.scale);
  acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), product, acc);
  acc = _mm512_fmadd_ps(affine.offset, _mm512_set1_ps(sum), acc);
}

// The last panel of a weight may have fewer than 16 rows to store.
QN_INLINE void store_rows(float* out, __m512 v, int64_t rows) {
  if (rows >= kPanelRows) {
    _mm512_storeu_ps(out, v);
  } else {
    _mm512_mask_storeu_ps(out, static_cast<__mmask16>((1u << rows) - 1), v);
  }
}

template <WeightFormat kFormat, int kTokens>
void gemv_tile(const Weight& w, int64_t panel, const Tokens& x, float* out) {
  // Every chunk of a step has a sum of its own where the tokens are too few to hide vpdpbusd's latency.
  constexpr int kChains = kTokens == 1 ? 4 : 2;
  const int64_t blocks = w.padded_cols / w.unit, group_blocks = w.group / w.unit;
  const uint8_t* step = w.codes + panel * w.panel_bytes;
  const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
  const int8_t* x_codes = x.codes;
  __m512 acc[kTokens];
  QN_UNROLL for (int t = 0; t < kTokens; ++t) acc[t] = _mm512_setzero_ps();
  for (int64_t block = 0; block < blocks;) {
    if (kPrefetchBytes<kFormat> != 0) {
      _mm_prefetch(reinterpret_cast<const char*>(params + kPrefetchParamBytes), _MM_HINT_T0);
    }
    const Affine affine = load_affine(w.params, params);
    params += w.param_bytes;
    for (int64_t end = block + group_blocks < blocks ? block + group_blocks : blocks; block < end; ++block) {
      __m512i dot[kTokens][kChains];
      QN_UNROLL for (int t = 0; t < kTokens; ++t) {
        QN_UNROLL for (int c = 0; c < kChains; ++c) dot[t][c] = _mm512_setzero_si512();
      }
      for (int column = 0; column < w.unit; column += 16) {
        QN_UNROLL for (int i = 0; i < 4; ++i) {
          if (kPrefetchBytes<kFormat> != 0 && i * 64 < kStepBytes<kFormat>) {
            _mm_prefetch(reinterpret_cast<const char*>(step + kPrefetchBytes<kFormat> + i * 64), _MM_HINT_T0);
          }
          const __m512i chunk = load_chunk<kFormat>(step, i);
          QN_UNROLL for (int t = 0; t < kTokens; ++t) {
            const __m512i four = _mm512_set1_epi32(four_codes(x_codes + t * x.stride + i * 4));
            dot[t][i % kChains] = _mm512_dpbusd_epi32(dot[t][i % kChains], chunk, four);
          }
        }
        step += kStepBytes<kFormat>;
        x_codes += 16;
      }
      QN_UNROLL for (int t = 0; t < kTokens; ++t) {
        __m512i total = _mm512_add_epi32(dot[t][0], dot[t][1]);
        if constexpr (kChains == 4) total = _mm512_add_epi32(total, _mm512_add_epi32(dot[t][2], dot[t][3]));
        add_block(acc[t], total, affine, bytes_after(x.scale, t * x.stride)[block],
                  bytes_after(x.sum, t * x.stride)[block]);
      }
    }
  }
  QN_UNROLL for (int t = 0; t < kTokens; ++t)
      store_rows(out + t * w.rows, acc[t], w.rows - panel * kPanelRows);
}

template <WeightFormat kFormat>
int64_t unpack_codes(const Weight& w, int64_t panel, uint8_t* to) {
  if constexpr (kFormat == WeightFormat::u8) return 0;
  const uint8_t* step = w.codes + panel * w.panel_bytes;
  const int64_t bytes = w.padded_cols * kPanelRows;
  for (int64_t at = 0; at < bytes; at += 256, step += kStepBytes<kFormat>) {
    QN_UNROLL for (int i = 0; i < 4; ++i) _mm512_store_si512(to + at + i * 64, load_chunk<kFormat>(step, i));
  }
  return bytes;
}

void unpack_params(const Weight& w, int64_t panel, float* to) {
  const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
  for (int g = 0; g < w.groups; ++g) {
    const Affine affine = load_affine(w.params, params + g * w.param_bytes);
    _mm512_store_ps(to + g * 32, affine.scale);
    _mm512_store_ps(to + g * 32 + 16, affine.offset);
  }
}

// The step of 16 columns is unrolled so that the sums stay in their registers: GCC 12 copies every one of
// them to another register and back at each turn of the loop.
template <WeightFormat, int kPanels, int kTokens>
void gemm_tile(const Weight& w, const Panels& panels, const Tokens& x, float* out, int64_t rows) {
  const int64_t blocks = w.padded_cols / w.unit, group_blocks = w.group / w.unit;
  const uint8_t* step = panels.codes;
  const float* params = panels.params;
  const int8_t* x_codes = x.codes;
  __m512 acc[kTokens][kPanels];
  QN_UNROLL for (int t = 0; t < kTokens; ++t) {
    QN_UNROLL for (int p = 0; p < kPanels; ++p) acc[t][p] = _mm512_setzero_ps();
  }
  for (int64_t block = 0; block < blocks; params += 32) {
    Affine affine[kPanels];
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      const float* scale = bytes_after(params, p * panels.param_stride);
      affine[p] = {_mm512_load_ps(scale), _mm512_load_ps(scale + 16)};
    }
    for (int64_t end = block + group_blocks < blocks ? block + group_blocks : blocks; block < end; ++block) {
      __m512i dot[kTokens][kPanels];
      QN_UNROLL for (int t = 0; t < kTokens; ++t) {
        QN_UNROLL for (int p = 0; p < kPanels; ++p) dot[t][p] = _mm512_setzero_si512();
      }
      for (int column = 0; column < w.unit; column += 16) {
        QN_UNROLL for (int i = 0; i < 4; ++i) {
          __m512i chunk[kPanels];
          QN_UNROLL for (int p = 0; p < kPanels; ++p) {
            chunk[p] = _mm512_load_si512(step + p * panels.code_stride + i * 64);
          }
          QN_UNROLL for (int t = 0; t < kTokens; ++t) {
            const __m512i four = _mm512_set1_epi32(four_codes(x_codes + t * x.stride + i * 4));
            QN_UNROLL for (int p = 0; p < kPanels; ++p) {
              dot[t][p] = _mm512_dpbusd_epi32(dot[t][p], chunk[p], four);
            }
          }
        }
        step += 256;
        x_codes += 16;
      }
      QN_UNROLL for (int t = 0; t < kTokens; ++t) {
        const float scale = bytes_after(x.scale, t * x.stride)[block],
                    sum = bytes_after(x.sum, t * x.stride)[block];
        QN_UNROLL for (int p = 0; p < kPanels; ++p) add_block(acc[t][p], dot[t][p], affine[p], scale, sum);
      }
    }
  }
  QN_UNROLL for (int t = 0; t < kTokens; ++t) {
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      store_rows(out + t * w.rows + p * kPanelRows, acc[t][p], rows - p * kPanelRows);
    }
  }
}

}  // namespace
}  // namespace qn

#include "native/kernels/linear/q8_kernels.h"

namespace qn {
QN_LINEAR_Q8(avx512)
}  // namespace qn
