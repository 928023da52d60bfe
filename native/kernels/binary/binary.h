// binary: two operands element by element, broadcast as numpy does (native/core/broadcast.h). For what is not
// a fused step (native/core/fused.h): comparisons, integers, and operands of unlike shapes.
//
// Operands have one type; comparisons and logical kinds give u8 0 or 1, the others the operands' type. On u8,
// codes or truth values, there are extrema, comparisons and logical kinds. On f32 NaN is neither equal to
// anything nor less, and goes through extrema; floor_div, floor_mod and pow are computed in float64 and
// rounded. Sums, differences and products of i32 wrap around; div cuts the fraction off; what has no value
// among integers (a division by 0, 0 to a negative power) is 0.
//
// One kernel: in detectors these steps are a handful on small tensors.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& binary_op();

// The attribute `kind`. floor_mod has the divisor's sign.
enum class BinaryKind {
  add,
  subtract,
  multiply,
  divide,
  maximum,
  minimum,
  floor_divide,
  floor_mod,
  squared_difference,
  power,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
};
inline constexpr int kBinaryKinds = 18;

inline bool gives_truth(BinaryKind kind) { return kind >= BinaryKind::equal; }

void binary_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
