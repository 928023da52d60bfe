#include "native/kernels/hadamard/hadamard.h"

#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{.name = "block", .default_value = 0.0, .required = true}};

std::string check(const Call& call) {
  const int64_t cols = call.in[0].dim[1];
  const int64_t block = static_cast<int64_t>(call.attribute[0]);
  const bool power = block >= 1 && (block & (block - 1)) == 0;
  if (static_cast<double>(block) == call.attribute[0] && power && cols % block == 0) return {};
  return "block must be a power of two that divides " + std::to_string(cols) + ", got " +
         std::to_string(call.attribute[0]);
}

int64_t elements(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t bytes(const Call& call) { return 2 * elements(call) * static_cast<int64_t>(sizeof(float)); }

int64_t operations(const Call& call) {
  int64_t stages = 1;  // the last is the product
  for (int64_t d = 1; d < static_cast<int64_t>(call.attribute[0]); d *= 2) ++stages;
  return stages * elements(call);
}

int64_t items(const Call& call) { return call.in[0].dim[0]; }

// One kernel is enough: two of these rows a forward pass are lost beside its linear layers, and compilers
// turn the butterflies into vectors on any CPU.
constexpr Kernel kKernels[] = {
    {"hadamard_reference", Isa::reference, hadamard_reference, nullptr, items},
};

}  // namespace

const OpSpec& hadamard_op() {
  static const OpSpec spec{
      .name = "hadamard",
      .signature = "f32[T,D] -> f32[T,D]",
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
