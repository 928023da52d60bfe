#include "native/kernels/cast/cast.h"

#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  return same_shape(call.in[0], call.out[0]) ? "" : "input and output have different shapes";
}

int64_t bytes(const Call& call) {
  return elements_of(call.out[0]) * (element_bytes(call.in[0]) + element_bytes(call.out[0]));
}

int64_t operations(const Call& call) { return elements_of(call.out[0]); }

int64_t items(const Call& call) { return tiles_of(tiling_of(call.in[0], call.out[0])); }

constexpr Kernel kKernels[] = {
    {"cast_reference", Isa::reference, cast_reference, nullptr, items},
};

}  // namespace

const OpSpec& cast_op() {
  static const OpSpec spec{
      .name = "cast",
      .signature = "f32|i32|u8[*] -> f32|i32|u8[*]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
