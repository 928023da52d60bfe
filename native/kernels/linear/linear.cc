#include "native/kernels/linear/linear.h"

#include "native/core/op.h"
#include "native/core/quantized_row.h"
#include "native/kernels/linear/float_blocking.h"
#include "native/kernels/linear/q8_blocking.h"

namespace qn {
namespace {

bool is_integer(WeightFormat f) {
  return f == WeightFormat::u8 || f == WeightFormat::u4 || f == WeightFormat::u2;
}

std::string check(const Call& call) {
  const int unit = quantized_unit(call.in[0].dtype);
  const Weight& weight = *call.in[1].weight;
  if (weight.format == WeightFormat::i8) return "codes of convolutions have no scales: use conv2d_u8";
  if (unit == 0) return {};
  if (weight.format == WeightFormat::lut4) {
    return "quantized activations need u8, u4 or u2 weights: codes of lut4 are places in a table, and no "
           "integers to multiply";
  }
  if (!is_integer(weight.format)) return "quantized activations need u8, u4 or u2 weights";
  if (unit != weight.unit) {
    return "activations are quantized in blocks of " + std::to_string(unit) +
           " columns, the weights in units of " + std::to_string(weight.unit);
  }
  return {};
}

int64_t bytes(const Call& call) {
  const View& x = call.in[0];
  const Weight& w = *call.in[1].weight;
  const int unit = quantized_unit(x.dtype);
  const int64_t row = unit ? quantized_row_bytes(x.dim[1], unit) : x.dim[1] * int64_t{sizeof(float)};
  const int64_t weight = w.panels * (w.panel_bytes + w.groups * w.param_bytes);
  return x.dim[0] * (row + w.rows * int64_t{sizeof(float)}) + weight;
}

int64_t operations(const Call& call) {
  const Weight& w = *call.in[1].weight;
  return 2 * call.in[0].dim[0] * w.rows * w.cols;
}

template <WeightFormat kFormat>
bool f32_gemm(const Call& call) {
  return call.in[0].dtype == DType::f32 && call.in[1].weight->format == kFormat;
}

template <WeightFormat kFormat>
bool f32_gemv(const Call& call) {
  return f32_gemm<kFormat>(call) && call.in[0].dim[0] <= kGemvTokens;
}

template <WeightFormat kFormat>
bool q8_gemm(const Call& call) {
  return quantized_unit(call.in[0].dtype) != 0 && call.in[1].weight->format == kFormat;
}

template <WeightFormat kFormat>
bool q8_gemv(const Call& call) {
  return q8_gemm<kFormat>(call) && call.in[0].dim[0] <= kGemvTokens;
}

bool any_f32(const Call& call) { return call.in[0].dtype == DType::f32; }
bool any_q8(const Call& call) { return quantized_unit(call.in[0].dtype) != 0; }

int64_t gemv_items(const Call& call) { return call.in[1].weight->panels; }

constexpr auto f32_gemm_items = float_gemm_items;
constexpr auto f32_gemm_scratch_bytes = float_gemm_scratch_bytes;

// The two forms of a kernel, one line of the table for both: W weights, A activations.
#define QN_FORMS(W, A, ISA)                                                                                \
  {"linear_" #W "_" #A "_gemv_" #ISA, Isa::ISA, linear_##W##_##A##_gemv_##ISA, A##_gemv<WeightFormat::W>,  \
   gemv_items},                                                                                            \
  {                                                                                                        \
    "linear_" #W "_" #A "_gemm_" #ISA, Isa::ISA, linear_##W##_##A##_gemm_##ISA, A##_gemm<WeightFormat::W>, \
        A##_gemm_items, A##_gemm_scratch_bytes                                                             \
  }

// The order is the preference: wider vectors first, and the gemv form where its few tokens suffice.
// clang-format off
constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    QN_FORMS(u8, q8, avx512), QN_FORMS(u4, q8, avx512), QN_FORMS(u2, q8, avx512),
    QN_FORMS(u8, q8, avxvnni), QN_FORMS(u4, q8, avxvnni), QN_FORMS(u2, q8, avxvnni),
    QN_FORMS(u8, q8, avx2), QN_FORMS(u4, q8, avx2), QN_FORMS(u2, q8, avx2),
    QN_FORMS(f32, f32, avx512), QN_FORMS(f16, f32, avx512), QN_FORMS(bf16, f32, avx512),
    QN_FORMS(u8, f32, avx512), QN_FORMS(u4, f32, avx512), QN_FORMS(u2, f32, avx512),
    QN_FORMS(lut4, f32, avx512),
    QN_FORMS(f32, f32, avx2), QN_FORMS(f16, f32, avx2), QN_FORMS(bf16, f32, avx2),
    QN_FORMS(u8, f32, avx2), QN_FORMS(u4, f32, avx2), QN_FORMS(u2, f32, avx2),
    QN_FORMS(lut4, f32, avx2),
#endif
    {"linear_q8_reference", Isa::reference, linear_q8_reference, any_q8, gemv_items},
    {"linear_f32_reference", Isa::reference, linear_f32_reference, any_f32, gemv_items},
};
// clang-format on
#undef QN_FORMS

}  // namespace

const OpSpec& linear_op() {
  static const OpSpec spec{
      .name = "linear",
      .signature = "f32|q8[T,K], weight[N,K] -> f32[T,N]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
