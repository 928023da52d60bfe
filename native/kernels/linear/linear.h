// linear: y[T, N] = x[T, K] times the transpose of a weight matrix [N, K] held in panels (see Weight in
// call.h).
//
// With f32 activations every kernel multiplies the dequantized weights in float, in the order of columns,
// with one rounding a column, and so gives the same bits as linear_f32_reference (float_reference.cc states
// the error bound).
//
// With q8 activations (quantized_row.h) every kernel gives the same bits as linear_q8_reference. For a token
// and a row:
//   acc = 0
//   for each block b of `unit` columns, in order, g being its group:
//     dot = sum of code[n][k] * x.code[k] over the block          (int32, exact)
//     acc = fma(float(dot), x.scale[b] * scale[n][g], acc)        (the product rounded once)
//     acc = fma(offset[n][g], x.sum[b], acc)
//   y[n] = acc
//
// ISA files include this header, so it includes nothing of the standard library.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& linear_op();

// Up to this many tokens a step is bound by reading the weights, and the gemv kernels take it. The work item
// of a gemv kernel is one panel; for gemm see q8_blocking.h and float_blocking.h.
inline constexpr int64_t kGemvTokens = 4;

using KernelFunction = void(const Call& call, int64_t begin, int64_t end, void* scratch);

KernelFunction linear_q8_reference, linear_f32_reference;

#if defined(QN_X86)
KernelFunction linear_u8_q8_gemv_avx2, linear_u4_q8_gemv_avx2, linear_u2_q8_gemv_avx2;
KernelFunction linear_u8_q8_gemm_avx2, linear_u4_q8_gemm_avx2, linear_u2_q8_gemm_avx2;
KernelFunction linear_u8_q8_gemv_avxvnni, linear_u4_q8_gemv_avxvnni, linear_u2_q8_gemv_avxvnni;
KernelFunction linear_u8_q8_gemm_avxvnni, linear_u4_q8_gemm_avxvnni, linear_u2_q8_gemm_avxvnni;
KernelFunction linear_u8_q8_gemv_avx512, linear_u4_q8_gemv_avx512, linear_u2_q8_gemv_avx512;
KernelFunction linear_u8_q8_gemm_avx512, linear_u4_q8_gemm_avx512, linear_u2_q8_gemm_avx512;

KernelFunction linear_f32_f32_gemv_avx2, linear_f16_f32_gemv_avx2, linear_bf16_f32_gemv_avx2;
KernelFunction linear_u8_f32_gemv_avx2, linear_u4_f32_gemv_avx2, linear_u2_f32_gemv_avx2;
KernelFunction linear_lut4_f32_gemv_avx2, linear_lut4_f32_gemm_avx2;
KernelFunction linear_f32_f32_gemm_avx2, linear_f16_f32_gemm_avx2, linear_bf16_f32_gemm_avx2;
KernelFunction linear_u8_f32_gemm_avx2, linear_u4_f32_gemm_avx2, linear_u2_f32_gemm_avx2;
KernelFunction linear_f32_f32_gemv_avx512, linear_f16_f32_gemv_avx512, linear_bf16_f32_gemv_avx512;
KernelFunction linear_u8_f32_gemv_avx512, linear_u4_f32_gemv_avx512, linear_u2_f32_gemv_avx512;
KernelFunction linear_lut4_f32_gemv_avx512, linear_lut4_f32_gemm_avx512;
KernelFunction linear_f32_f32_gemm_avx512, linear_f16_f32_gemm_avx512, linear_bf16_f32_gemm_avx512;
KernelFunction linear_u8_f32_gemm_avx512, linear_u4_f32_gemm_avx512, linear_u2_f32_gemm_avx512;
#endif

}  // namespace qn
