// linear with f32 activations on AVX-512: one register is the 16 rows of a panel.
#include "native/panels/codes_avx512.h"

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
