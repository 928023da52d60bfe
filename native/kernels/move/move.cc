#include "native/kernels/move/move.h"

#include <algorithm>
#include <cmath>

#include "native/core/op.h"
#include "native/kernels/move/axes.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"begin", 0, false},  {"fill", 0, false},   {"step_0", 0, false}, {"lo_0", 0, false},
    {"hi_0", 0, false},   {"step_1", 0, false}, {"lo_1", 0, false},   {"hi_1", 0, false},
    {"step_2", 0, false}, {"lo_2", 0, false},   {"hi_2", 0, false},   {"step_3", 0, false},
    {"lo_3", 0, false},   {"hi_3", 0, false},
};

// Of which every sum and product below is exact.
bool is_integer(double value) { return std::fabs(value) <= 0x1p40 && value == std::floor(value); }

bool holds_fill(DType dtype, double fill) {
  if (dtype == DType::f32) return true;
  if (dtype == DType::i32) return is_integer(fill) && std::fabs(fill) <= 0x1p30;
  return is_integer(fill) && fill >= 0 && fill <= 255;
}

std::string check(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  if (x.dtype != y.dtype) return "input and output have different types";
  if (!is_dense(x)) return "the input is a part of a tensor, with gaps";
  for (int i = 0; i < 2 + 3 * kMaxRank; i++) {
    if (i != kMoveFill && !is_integer(call.attribute[i]))
      return std::string(kAttributes[i].name) + " must be an integer";
  }
  if (!holds_fill(y.dtype, call.attribute[kMoveFill])) return "fill is no value of the output's type";
  // The lowest and the highest element that is read.
  double lowest = call.attribute[kMoveBegin], highest = lowest;
  for (int32_t d = 0; d < y.rank; d++) {
    const double lo = call.attribute[move_lo(d)], hi = call.attribute[move_hi(d)];
    const double count = static_cast<double>(y.dim[d]) - lo - hi;
    if (lo < 0 || hi < 0 || count < 0)
      return "the padding of axis " + std::to_string(d) + " is negative or more than the axis has";
    if (count == 0) return {};
    const double reach = (count - 1) * call.attribute[move_step(d)];
    lowest += std::min(reach, 0.0);
    highest += std::max(reach, 0.0);
  }
  const double elements = static_cast<double>(elements_of(x));
  if (lowest < 0 || highest >= elements) {
    return "elements " + std::to_string(static_cast<int64_t>(lowest)) + " to " +
           std::to_string(static_cast<int64_t>(highest)) + " are read of " + std::to_string(elements_of(x));
  }
  return {};
}

// What is read and written, repetitions counted.
int64_t bytes(const Call& call) { return 2 * elements_of(call.out[0]) * element_bytes(call.out[0]); }

int64_t items(const Call& call) { return tiles_of(tiling_of(axes_of(call).y)); }

constexpr Kernel kKernels[] = {
    {"move_reference", Isa::reference, move_reference, nullptr, items},
};

}  // namespace

const OpSpec& move_op() {
  static const OpSpec spec{
      .name = "move",
      .signature = "f32|u8|i32[*] -> f32|u8|i32[*]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
