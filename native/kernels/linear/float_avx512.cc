// linear with f32 activations on AVX-512: one register is the 16 rows of a panel.
#include "native/simd/lanes_avx512.h"

#include "native/kernels/linear/linear.h"

namespace qn {
namespace {

// 24 of the 32 registers are sums, so that each of a column's 14 loads serves almost two multiply-adds.
constexpr int kTilePanels = 2;
constexpr int kTileTokens = 12;
constexpr int kTileColumns = 4;

// Two multiply-adds a cycle of latency 4 want eight chains of sums; a panel's scale, offset and word take
// three more registers each.
constexpr int gemv_panels(int tokens) { return tokens <= 2 ? 4 : 2; }

using Word = __m512i;

QN_INLINE Word load_word(const uint8_t* p) { return _mm512_load_si512(p); }

QN_INLINE Lanes load_bytes(const uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))};
}

QN_INLINE Lanes load_bfloat16(const uint8_t* p) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16))};
}

// A 32-bit lane of a word holds one row's codes of 4 (u8), 8 (u4) or 16 (u2) columns; see Weight in call.h.
template <WeightFormat kFormat, int i>
QN_INLINE Lanes code(Word word) {
  if constexpr (kFormat == WeightFormat::u8) {
    // Byte i of each lane alone, zero-extended: a shuffle instead of a shift and a mask.
    const __m512i pick = _mm512_set1_epi32(static_cast<int>(0x80808000u | i));
    const __m512i lane_start = _mm512_set_epi32(12, 8, 4, 0, 12, 8, 4, 0, 12, 8, 4, 0, 12, 8, 4, 0);
    return {_mm512_cvtepi32_ps(_mm512_shuffle_epi8(word, _mm512_add_epi32(pick, lane_start)))};
  } else {
    // vpermps looks at the low 4 bits of a lane only, so a table of 16 floats masks and converts in one
    // instruction.
    constexpr int kBits = kFormat == WeightFormat::u4 ? 4 : 2;
    const __m512 table = kBits == 4 ? _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
                                    : _mm512_setr_ps(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    return {_mm512_permutexvar_ps(_mm512_srli_epi32(word, 8 * (i & 3) + kBits * (i >> 2)), table)};
  }
}

using Table = __m512;

QN_INLINE Table load_table(const float* p) { return _mm512_load_ps(p); }

template <int i>
QN_INLINE Lanes look_up(Word word, Table table) {
  return {_mm512_permutexvar_ps(_mm512_srli_epi32(word, 8 * (i & 3) + 4 * (i >> 2)), table)};
}

}  // namespace
}  // namespace qn

#include "native/kernels/linear/float_kernels.h"

namespace qn {

// clang-format off
void linear_f32_f32_gemv_avx512(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::f32>(c, b, e); }
void linear_f16_f32_gemv_avx512(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::f16>(c, b, e); }
void linear_bf16_f32_gemv_avx512(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::bf16>(c, b, e); }
void linear_u8_f32_gemv_avx512(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::u8>(c, b, e); }
void linear_u4_f32_gemv_avx512(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::u4>(c, b, e); }
void linear_u2_f32_gemv_avx512(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::u2>(c, b, e); }
void linear_lut4_f32_gemv_avx512(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::lut4>(c, b, e); }

void linear_f32_f32_gemm_avx512(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::f32>(c, b, e, s); }
void linear_f16_f32_gemm_avx512(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::f16>(c, b, e, s); }
void linear_bf16_f32_gemm_avx512(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::bf16>(c, b, e, s); }
void linear_u8_f32_gemm_avx512(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::u8>(c, b, e, s); }
void linear_u4_f32_gemm_avx512(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::u4>(c, b, e, s); }
void linear_u2_f32_gemm_avx512(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::u2>(c, b, e, s); }
void linear_lut4_f32_gemm_avx512(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::lut4>(c, b, e, s); }
// clang-format on

}  // namespace qn
