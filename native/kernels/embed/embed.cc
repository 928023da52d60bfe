#include "native/kernels/embed/embed.h"

#include "native/core/index_check.h"
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
  return check_indices(
      call.in[0],
      {.end = call.in[1].weight->rows, .index = "id", .entry = "token", .extent = "rows of the embedding"});
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
