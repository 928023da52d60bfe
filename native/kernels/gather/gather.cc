#include "native/kernels/gather/gather.h"

#include "native/core/index_check.h"
#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  return call.in[0].dtype == call.out[0].dtype ? "" : "input and output have different types";
}

std::string check_values(const Call& call) {
  return check_indices(call.in[1],
                       {.end = call.in[0].dim[1], .index = "index", .entry = "entry", .extent = "slices"});
}

int64_t bytes(const Call& call) {
  return 2 * elements_of(call.out[0]) * element_bytes(call.out[0]) + 4 * elements_of(call.in[1]);
}

int64_t items(const Call& call) { return rows_of(call.out[0]); }

constexpr Kernel kKernels[] = {
    {"gather_reference", Isa::reference, gather_reference, nullptr, items},
};

}  // namespace

const OpSpec& gather_op() {
  static const OpSpec spec{
      .name = "gather",
      .signature = "f32|i32|u8[N,X,C], i32[R] -> f32|i32|u8[N,R,C]",
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
