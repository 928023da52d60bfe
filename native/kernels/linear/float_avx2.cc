// linear with f32 activations on AVX2 and FMA: two registers are the 16 rows of a panel.
#include "native/panels/codes_avx2.h"

#include "native/kernels/linear/linear.h"

namespace qn {
namespace {

// 12 of the 16 registers are sums; two hold a column of weights, one the token.
constexpr int kTilePanels = 1;
constexpr int kTileTokens = 6;
constexpr int kTileColumns = 1;  // GCC 12 spills a sum when it is unrolled by four

// Two multiply-adds a cycle of latency 4 want eight chains of sums, a panel and token being two; four with
// the scales, offsets and words of two panels are what the registers hold.
constexpr int gemv_panels(int tokens) { return tokens <= 2 ? 2 : 1; }

}  // namespace
}  // namespace qn

#include "native/kernels/linear/float_kernels.h"

namespace qn {

// clang-format off
void linear_f32_f32_gemv_avx2(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::f32>(c, b, e); }
void linear_f16_f32_gemv_avx2(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::f16>(c, b, e); }
void linear_bf16_f32_gemv_avx2(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::bf16>(c, b, e); }
void linear_u8_f32_gemv_avx2(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::u8>(c, b, e); }
void linear_u4_f32_gemv_avx2(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::u4>(c, b, e); }
void linear_u2_f32_gemv_avx2(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::u2>(c, b, e); }
void linear_lut4_f32_gemv_avx2(const Call& c, int64_t b, int64_t e, void*) { gemv<WeightFormat::lut4>(c, b, e); }

void linear_f32_f32_gemm_avx2(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::f32>(c, b, e, s); }
void linear_f16_f32_gemm_avx2(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::f16>(c, b, e, s); }
void linear_bf16_f32_gemm_avx2(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::bf16>(c, b, e, s); }
void linear_u8_f32_gemm_avx2(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::u8>(c, b, e, s); }
void linear_u4_f32_gemm_avx2(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::u4>(c, b, e, s); }
void linear_u2_f32_gemm_avx2(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::u2>(c, b, e, s); }
void linear_lut4_f32_gemm_avx2(const Call& c, int64_t b, int64_t e, void* s) { gemm<WeightFormat::lut4>(c, b, e, s); }
// clang-format on

}  // namespace qn
