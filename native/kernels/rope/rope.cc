#include "native/kernels/rope/rope.h"

#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{.name = "head_dim", .default_value = 0.0, .required = true}};

std::string check(const Call& call) {
  const int64_t cols = call.in[0].dim[1], half = call.in[1].dim[1];
  if (call.attribute[0] != static_cast<double>(2 * half)) {
    return "head_dim must be twice the " + std::to_string(half) + " columns of the cosines, got " +
           std::to_string(call.attribute[0]);
  }
  if (half == 0 || cols % (2 * half) != 0) {
    return std::to_string(cols) + " columns are not a whole number of heads of " + std::to_string(2 * half);
  }
  return {};
}

int64_t bytes(const Call& call) {
  const int64_t rows = call.in[0].dim[0], cols = call.in[0].dim[1], half = call.in[1].dim[1];
  return rows * (2 * cols + 2 * half) * static_cast<int64_t>(sizeof(float));
}

// A product and a multiply-add an element.
int64_t operations(const Call& call) { return 3 * call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"rope_avx2", Isa::avx2, rope_avx2, nullptr, items},
#endif
    {"rope_reference", Isa::reference, rope_reference, nullptr, items},
};

}  // namespace

const OpSpec& rope_op() {
  static const OpSpec spec{
      .name = "rope",
      .signature = "f32[T,N], f32[T,H], f32[T,H] -> f32[T,N]",
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
