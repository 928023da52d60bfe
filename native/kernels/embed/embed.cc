#include "native/kernels/embed/embed.h"

#include "native/core/op.h"

namespace qn {
namespace {

int code_bits(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
      return 32;
    case WeightFormat::f16:
    case WeightFormat::bf16:
      return 16;
    case WeightFormat::u8:
    case WeightFormat::i8:
      return 8;
    case WeightFormat::u4:
    case WeightFormat::lut4:
      return 4;
    case WeightFormat::u2:
      return 2;
  }
  return 0;
}

std::string check(const Call& call) {
  if (call.in[1].weight->format == WeightFormat::i8) return "codes of convolutions are no embedding";
  return {};
}

std::string check_values(const Call& call) {
  const int64_t rows = call.in[1].weight->rows;
  const int32_t* ids = static_cast<const int32_t*>(call.in[0].data);
  for (int64_t t = 0; t < call.in[0].dim[0]; ++t) {
    if (ids[t] < 0 || ids[t] >= rows) {
      return "id " + std::to_string(ids[t]) + " (token " + std::to_string(t) + ") is outside the " +
             std::to_string(rows) + " rows of the embedding";
    }
  }
  return {};
}

int64_t bytes(const Call& call) {
  const Weight& w = *call.in[1].weight;
  const int64_t params = w.groups * w.param_bytes / kPanelRows;
  return call.in[0].dim[0] * (w.cols * 4 + w.padded_cols * code_bits(w.format) / 8 + params + 4);
}

int64_t operations(const Call& call) {
  const Weight& w = *call.in[1].weight;
  return code_bits(w.format) < 16 ? 2 * call.in[0].dim[0] * w.cols : 0;
}

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"embed_avx2", Isa::avx2, embed_avx2, nullptr, items},
#endif
    {"embed_reference", Isa::reference, embed_reference, nullptr, items},
};

}  // namespace

const OpSpec& embed_op() {
  static const OpSpec spec{
      .name = "embed",
      .signature = "i32[T], weight[V,D] -> f32[T,D]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
