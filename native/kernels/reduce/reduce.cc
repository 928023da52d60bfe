#include "native/kernels/reduce/reduce.h"

#include <cmath>

#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"kind", 0, true}, {"axis", -1, false}};

std::string check(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  const double kind = call.attribute[kReduceKind], axis = call.attribute[kReduceAxis];
  if (!(kind >= 0 && kind < kReduceKinds) || kind != std::floor(kind)) return "kind must be 0, 1, 2 or 3";
  if (!(axis >= -x.rank && axis < x.rank) || axis != std::floor(axis))
    return "axis must be one of the input's " + std::to_string(x.rank);
  if (x.rank != y.rank) return "the output must have the input's axes, the reduced one with one element";
  for (int32_t d = 0; d < x.rank; d++) {
    if (y.dim[d] != (d == reduced_axis(call) ? 1 : x.dim[d]))
      return "the output must have the input's axes, the reduced one with one element";
  }
  return {};
}

int64_t bytes(const Call& call) { return 4 * (elements_of(call.in[0]) + elements_of(call.out[0])); }

int64_t operations(const Call& call) { return elements_of(call.in[0]); }

int64_t items(const Call& call) { return elements_of(call.out[0]); }

constexpr Kernel kKernels[] = {
    {"reduce_reference", Isa::reference, reduce_reference, nullptr, items},
};

}  // namespace

const OpSpec& reduce_op() {
  static const OpSpec spec{
      .name = "reduce",
      .signature = "f32[*] -> f32[*]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
