#include "native/kernels/select/select.h"

#include "native/core/broadcast.h"
#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  const View& y = call.out[0];
  if (call.in[1].dtype != y.dtype || call.in[2].dtype != y.dtype) return "a, b and y have different types";
  for (int i = 0; i < 3; i++) {
    if (!broadcasts_to(call.in[i], y)) return "an operand does not broadcast to the result's shape";
  }
  return {};
}

int64_t bytes(const Call& call) {
  int64_t sum = elements_of(call.out[0]) * element_bytes(call.out[0]);
  for (int i = 0; i < 3; i++) sum += elements_of(call.in[i]) * element_bytes(call.in[i]);
  return sum;
}

int64_t items(const Call& call) { return tiles_of(tiling_of(call.out[0])); }

constexpr Kernel kKernels[] = {
    {"select_reference", Isa::reference, select_reference, nullptr, items},
};

}  // namespace

const OpSpec& select_op() {
  static const OpSpec spec{
      .name = "select",
      .signature = "u8[*], f32|i32|u8[*], f32|i32|u8[*] -> f32|i32|u8[*]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
