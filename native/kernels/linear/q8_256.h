// linear with q8 activations in 256-bit registers, for AVX2 and AVX-VNNI: a register holds 8 rows x 4 columns
// of codes, a panel is two of them side by side. q8_avx2.cc and q8_avxvnni.cc define how products are summed,
// then include this:
//
//   kTileTokens                     tokens of a gemm tile
//   kPlanes<kFormat>                1, or 2 where 8-bit codes are summed as low and high nibbles
//   kRunSteps<kFormat>              steps of 16 columns after which an accumulator must be drained: 2 or 4
//   kUnpackedAs<kFormat>            which format's gemm tile reads the codes once unpacked
//   accumulate(acc, codes, four)    adds the products of unsigned codes and 4 broadcast activations
//   drain(acc, plane)               the 8 int32 sums of an accumulator
#pragma once

#include "native/kernels/linear/q8_operands.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// Two panels would need twice the registers that there are.
inline constexpr int kTilePanels = 1;
inline constexpr int kHalves = 2;

struct Affine {
  __m256 scale, offset;
};

// Parameters of rows 8 * half to 8 * half + 7 of a group.
QN_INLINE Affine load_affine(ParamFormat format, const uint8_t* p, int half) {
  if (format == ParamFormat::f32_f32) {
    const float* scale = reinterpret_cast<const float*>(p) + half * 8;
    return {_mm256_load_ps(scale), _mm256_load_ps(scale + 16)};
  }
  const __m128i* halves = reinterpret_cast<const __m128i*>(p);
  const __m256 scale = _mm256_cvtph_ps(_mm_loadu_si128(halves + half));
  if (format == ParamFormat::f16_f16) return {scale, _mm256_cvtph_ps(_mm_loadu_si128(halves + 2 + half))};
  const __m128i zeros = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + 32 + half * 8));
  const __m256 product = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(zeros)));
  return {scale, _mm256_xor_ps(_mm256_set1_ps(-0.0f), product)};
}

QN_INLINE __m256i load_codes(const uint8_t* p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}

// One half of chunk i of a step of a packed panel.
template <WeightFormat kFormat>
QN_INLINE __m256i packed_chunk(const uint8_t* step, int i, int plane, int half) {
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  if constexpr (kFormat == WeightFormat::u8) {
    const __m256i v = load_codes(step + i * 64 + half * 32);
    if constexpr (kPlanes<kFormat> == 1) return v;
    return _mm256_and_si256(plane ? _mm256_srli_epi16(v, 4) : v, nibble);
  } else if constexpr (kFormat == WeightFormat::u4) {
    const __m256i v = load_codes(step + i / 2 * 64 + half * 32);
    return _mm256_and_si256(i % 2 ? _mm256_srli_epi16(v, 4) : v, nibble);
  } else {
    const __m256i v = load_codes(step + half * 32);
    return _mm256_and_si256(i ? _mm256_srli_epi16(v, 2 * i) : v, _mm256_set1_epi8(0x03));
  }
}

// Unpacked, a chunk is 64 bytes, or 64 a plane.
template <WeightFormat kFormat>
inline constexpr int kUnpackedStepBytes = 256 * kPlanes<kFormat>;

template <WeightFormat kFormat>
QN_INLINE __m256i unpacked_chunk(const uint8_t* step, int i, int plane, int half) {
  return load_codes(step + (i * kPlanes<kFormat> + plane) * 64 + half * 32);
}

template <WeightFormat kFormat>
int64_t unpack_codes(const Weight& w, int64_t panel, uint8_t* to) {
  if constexpr (kFormat == WeightFormat::u8 && kPlanes<kFormat> == 1) return 0;
  const uint8_t* step = w.codes + panel * w.panel_bytes;
  const int64_t bytes = w.padded_cols / 16 * kUnpackedStepBytes<kFormat>;
  for (uint8_t* end = to + bytes; to < end; step += kStepBytes<kFormat>) {
    QN_UNROLL for (int i = 0; i < 4; ++i) {
      QN_UNROLL for (int plane = 0; plane < kPlanes<kFormat>; ++plane) {
        QN_UNROLL for (int half = 0; half < kHalves; ++half, to += 32) {
          _mm256_store_si256(reinterpret_cast<__m256i*>(to), packed_chunk<kFormat>(step, i, plane, half));
        }
      }
    }
  }
  return bytes;
}

inline void unpack_params(const Weight& w, int64_t panel, float* to) {
  const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
  for (int g = 0; g < w.groups; ++g, params += w.param_bytes, to += 32) {
    QN_UNROLL for (int half = 0; half < kHalves; ++half) {
      const Affine affine = load_affine(w.params, params, half);
      _mm256_store_ps(to + half * 8, affine.scale);
      _mm256_store_ps(to + 16 + half * 8, affine.offset);
    }
  }
}

// Makes the compiler load again what it loaded through this pointer, where keeping it would mean spilling it.
template <typename T>
QN_INLINE void forget_loads(const T*& p) {
#if defined(__GNUC__)
  __asm__("" : "+r"(p));
#else
  (void)p;
#endif
}

// The exact int32 dot products of `runs` times kSteps times 16 columns from `codes` on; dot is [kTokens][16].
//
// A function of its own, so that all 16 registers are its own: inlined, GCC keeps float sums in some of them.
// A run is unrolled as a whole: at each turn of a loop GCC 12 would copy the accumulators from register to
// register.
template <WeightFormat kFormat, bool kPacked, int kTokens, int kSteps>
QN_NOINLINE void block_dots(const uint8_t* codes, const int8_t* x_codes, int64_t stride, int runs,
                            __m256i* dot) {
  constexpr int kBytes = kPacked ? kStepBytes<kFormat> : kUnpackedStepBytes<kFormat>;
  for (int run = 0; run < runs; ++run) {
    QN_UNROLL for (int plane = 0; plane < kPlanes<kFormat>; ++plane) {
      if (plane > 0) forget_loads(x_codes);
      __m256i acc[kTokens][kHalves];
      QN_UNROLL for (int t = 0; t < kTokens; ++t) {
        QN_UNROLL for (int half = 0; half < kHalves; ++half) acc[t][half] = _mm256_setzero_si256();
      }
      QN_UNROLL for (int i = 0; i < 4 * kSteps; ++i) {
        const uint8_t* step = codes + i / 4 * kBytes;
        __m256i chunk[kHalves];
        QN_UNROLL for (int half = 0; half < kHalves; ++half) {
          chunk[half] = kPacked ? packed_chunk<kFormat>(step, i % 4, plane, half)
                                : unpacked_chunk<kFormat>(step, i % 4, plane, half);
        }
        QN_UNROLL for (int t = 0; t < kTokens; ++t) {
          const __m256i four = _mm256_set1_epi32(four_codes(x_codes + t * stride + i * 4));
          QN_UNROLL for (int half = 0; half < kHalves; ++half) {
            acc[t][half] = accumulate(acc[t][half], chunk[half], four);
          }
        }
      }
      QN_UNROLL for (int t = 0; t < kTokens; ++t) {
        QN_UNROLL for (int half = 0; half < kHalves; ++half) {
          const __m256i sums = drain(acc[t][half], plane);
          __m256i& total = dot[t * kHalves + half];
          total = run == 0 && plane == 0 ? sums : _mm256_add_epi32(total, sums);
        }
      }
    }
    codes += kSteps * kBytes;
    x_codes += kSteps * 16;
  }
}

QN_INLINE void add_block(__m256& acc, __m256i dot, const Affine& affine, float scale, float sum) {
  const __m256 product = _mm256_mul_ps(_mm256_set1_ps(scale), affine.scale);
  acc = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), product, acc);
  acc = _mm256_fmadd_ps(affine.offset, _mm256_set1_ps(sum), acc);
}

// The last panel of a weight may have fewer than 16 rows to store.
QN_INLINE void store_rows(float* out, __m256 low, __m256 high, int64_t rows) {
  if (rows >= kPanelRows) {
    _mm256_storeu_ps(out, low);
    _mm256_storeu_ps(out + 8, high);
    return;
  }
  alignas(32) float row[kPanelRows];
  _mm256_store_ps(row, low);
  _mm256_store_ps(row + 8, high);
  for (int64_t i = 0; i < rows; ++i) out[i] = row[i];
}

// One panel by kTokens tokens; accumulators are drained every kSteps steps, which divide a block. Packed: the
// codes and `params` are the weight's own (gemv); otherwise unpacked.
template <WeightFormat kFormat, bool kPacked, int kTokens, int kSteps>
void tile_of_runs(const Weight& w, const uint8_t* codes, const uint8_t* params, const Tokens& x, float* out,
                  int64_t rows) {
  constexpr bool kPrefetch = kPacked && kPrefetchBytes<kFormat> != 0;
  const int64_t blocks = w.padded_cols / w.unit, group_blocks = w.group / w.unit;
  const int runs = w.unit / 16 / kSteps;
  const ParamFormat format = kPacked ? w.params : ParamFormat::f32_f32;
  const int64_t param_bytes = kPacked ? w.param_bytes : 128;
  const int64_t block_bytes = w.unit / 16 * (kPacked ? kStepBytes<kFormat> : kUnpackedStepBytes<kFormat>);
  __m256 acc[kTokens][kHalves];
  QN_UNROLL for (int t = 0; t < kTokens; ++t) {
    QN_UNROLL for (int half = 0; half < kHalves; ++half) acc[t][half] = _mm256_setzero_ps();
  }
  for (int64_t block = 0; block < blocks; params += param_bytes) {
    Affine affine[kHalves];
    QN_UNROLL for (int half = 0; half < kHalves; ++half) affine[half] = load_affine(format, params, half);
    if (kPrefetch) _mm_prefetch(reinterpret_cast<const char*>(params + kPrefetchParamBytes), _MM_HINT_T0);
    for (int64_t end = block + group_blocks < blocks ? block + group_blocks : blocks; block < end; ++block) {
      if (kPrefetch) {
        for (int64_t i = 0; i < block_bytes; i += 64) {
          _mm_prefetch(reinterpret_cast<const char*>(codes + kPrefetchBytes<kFormat> + i), _MM_HINT_T0);
        }
      }
      __m256i dot[kTokens * kHalves];
      block_dots<kFormat, kPacked, kTokens, kSteps>(codes, x.codes + block * w.unit, x.stride, runs, dot);
      codes += block_bytes;
      QN_UNROLL for (int t = 0; t < kTokens; ++t) {
        const float scale = bytes_after(x.scale, t * x.stride)[block],
                    sum = bytes_after(x.sum, t * x.stride)[block];
        QN_UNROLL for (int half = 0; half < kHalves; ++half) {
          add_block(acc[t][half], dot[t * kHalves + half], affine[half], scale, sum);
        }
      }
    }
  }
  QN_UNROLL for (int t = 0; t < kTokens; ++t) store_rows(out + t * w.rows, acc[t][0], acc[t][1], rows);
}

template <WeightFormat kFormat, bool kPacked, int kTokens>
QN_INLINE void tile(const Weight& w, const uint8_t* codes, const uint8_t* params, const Tokens& x, float* out,
                    int64_t rows) {
  if (kRunSteps<kFormat> == 4 && w.unit == 64) {
    tile_of_runs<kFormat, kPacked, kTokens, kRunSteps<kFormat>>(w, codes, params, x, out, rows);
  } else if (w.unit != 16) {
    tile_of_runs<kFormat, kPacked, kTokens, 2>(w, codes, params, x, out, rows);
  } else {
    tile_of_runs<kFormat, kPacked, kTokens, 1>(w, codes, params, x, out, rows);
  }
}

template <WeightFormat kFormat, int kTokens>
QN_INLINE void gemv_tile(const Weight& w, int64_t panel, const Tokens& x, float* out) {
  tile<kFormat, true, kTokens>(w, w.codes + panel * w.panel_bytes,
                               w.group_params + panel * w.groups * w.param_bytes, x, out,
                               w.rows - panel * kPanelRows);
}

template <WeightFormat kFormat, int, int kTokens>
QN_INLINE void gemm_tile(const Weight& w, const Panels& panels, const Tokens& x, float* out, int64_t rows) {
  tile<kFormat, false, kTokens>(w, panels.codes, reinterpret_cast<const uint8_t*>(panels.params), x, out,
                                rows);
}

}  // namespace
}  // namespace qn
