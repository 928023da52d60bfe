#include "native/kernels/gather_nd/gather_nd.h"

#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  const View &x = call.in[0], &indices = call.in[1], &y = call.out[0];
  const int64_t depth = indices.dim[1];
  if (x.dtype != y.dtype) return "input and output have different types";
  if (!is_dense(x) || !is_dense(indices)) return "an input is a part of a tensor, with gaps";
  if (depth < 1 || depth > x.rank) {
    return "there are " + std::to_string(depth) + " indices a row, and the input has " +
           std::to_string(x.rank) + " axes";
  }
  int64_t inner = 1;
  for (int32_t d = static_cast<int32_t>(depth); d < x.rank; d++) inner *= x.dim[d];
  if (inner != columns_of(y)) {
    return "a row of the output has " + std::to_string(columns_of(y)) +
           " elements, what indices choose has " + std::to_string(inner);
  }
  return {};
}

std::string check_values(const Call& call) {
  const int64_t depth = call.in[1].dim[1];
  const int32_t* indices = static_cast<const int32_t*>(call.in[1].data);
  for (int64_t i = 0; i < call.in[1].dim[0] * depth; i++) {
    const int64_t extent = call.in[0].dim[i % depth];
    if (indices[i] < 0 || indices[i] >= extent) {
      return "index " + std::to_string(indices[i]) + " (row " + std::to_string(i / depth) + ", axis " +
             std::to_string(i % depth) + ") is outside the " + std::to_string(extent) + " there are";
    }
  }
  return {};
}

int64_t bytes(const Call& call) {
  return 2 * elements_of(call.out[0]) * element_bytes(call.out[0]) + 4 * elements_of(call.in[1]);
}

int64_t items(const Call& call) { return rows_of(call.out[0]); }

constexpr Kernel kKernels[] = {
    {"gather_nd_reference", Isa::reference, gather_nd_reference, nullptr, items},
};

}  // namespace

const OpSpec& gather_nd_op() {
  static const OpSpec spec{
      .name = "gather_nd",
      .signature = "f32|i32|u8[*], i32[R,D] -> f32|i32|u8[R,C]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .kernels = kKernels,
      .strided = true,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
