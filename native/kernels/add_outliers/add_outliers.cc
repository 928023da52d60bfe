#include "native/kernels/add_outliers/add_outliers.h"

#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{.name = "outlier", .default_value = 0.0, .required = true}};

std::string check(const Call& call) {
  const Weight& w = *call.in[2].weight;
  if (!(call.attribute[0] > 0)) return "expected a positive magnitude for outlier";
  if (w.format != WeightFormat::u8 || w.params != ParamFormat::f32_f32) {
    return "expected 8-bit weights with float32 scales and offsets, those of llm.int8";
  }
  return {};
}

// Outliers are few and not known beforehand: what moves in any case.
int64_t bytes(const Call& call) {
  const View &y = call.in[0], &x = call.in[1];
  return x.dim[0] * (x.dim[1] + 2 * y.dim[1]) * static_cast<int64_t>(sizeof(float));
}

// A comparison for every input.
int64_t operations(const Call& call) { return call.in[1].dim[0] * call.in[1].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

int64_t scratch_bytes(const Call& call) { return call.in[1].dim[1] * static_cast<int64_t>(sizeof(int32_t)); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"add_outliers_avx2", Isa::avx2, add_outliers_avx2, nullptr, items, scratch_bytes},
#endif
    {"add_outliers_reference", Isa::reference, add_outliers_reference, nullptr, items},
};

}  // namespace

const OpSpec& add_outliers_op() {
  static const OpSpec spec{
      .name = "add_outliers",
      .signature = "f32[T,N], f32[T,K], weight[N,K] -> f32[T,N]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .in_place_input = 0,
  };
  return spec;
}

}  // namespace qn
