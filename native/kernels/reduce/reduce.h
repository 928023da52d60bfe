// reduce: one axis to its mean, sum, greatest or least element. The axis stays, with one element.
//
// Sums are added up in float64 in the axis' order and rounded once; a NaN goes through extrema.
//
// One kernel: means over images are `mean`, and what else detectors reduce is small.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& reduce_op();

// The attribute `kind`.
enum class ReduceKind { mean, sum, maximum, minimum };
inline constexpr int kReduceKinds = 4;

// Attributes. `axis` counts from the end when it is negative.
inline constexpr int kReduceKind = 0, kReduceAxis = 1;

// The axis, from 0 on; outside of x's axes when the attribute is.
inline int32_t reduced_axis(const Call& call) {
  const int32_t axis = static_cast<int32_t>(call.attribute[kReduceAxis]);
  return axis < 0 ? axis + call.in[0].rank : axis;
}

void reduce_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
