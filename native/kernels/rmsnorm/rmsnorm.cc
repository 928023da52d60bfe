#include "native/kernels/rmsnorm/rmsnorm.h"

#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{.name = "epsilon", .default_value = 0.0, .required = true}};

std::string check(const Call& call) {
  // Written so that NaN fails too.
  if (!(call.attribute[0] >= 0.0))
    return "epsilon must be at least 0, got " + std::to_string(call.attribute[0]);
  return {};
}

int64_t bytes(const Call& call) {
  const int64_t rows = call.in[0].dim[0], cols = call.in[0].dim[1];
  return (2 * rows * cols + cols) * static_cast<int64_t>(sizeof(float));
}

// A square and a sum, two products.
int64_t operations(const Call& call) { return 4 * call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"rmsnorm_avx2", Isa::avx2, rmsnorm_avx2, nullptr, items},
#endif
    {"rmsnorm_reference", Isa::reference, rmsnorm_reference, nullptr, items},
};

}  // namespace

const OpSpec& rmsnorm_op() {
  static const OpSpec spec{
      .name = "rmsnorm",
      .signature = "f32[T,D], f32[D] -> f32[T,D]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
