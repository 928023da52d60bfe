#include "native/kernels/gather_rows/gather_rows.h"

#include "native/core/index_check.h"
#include "native/core/op.h"

namespace qn {
namespace {

std::string check_values(const Call& call) {
  return check_indices(call.in[1],
                       {.end = call.in[0].dim[0], .index = "row", .entry = "entry", .extent = "rows"});
}

int64_t bytes(const Call& call) {
  const int64_t rows = call.out[0].dim[0], cols = call.out[0].dim[1];
  return rows * (2 * cols + 1) * static_cast<int64_t>(sizeof(float));
}

int64_t items(const Call& call) { return call.out[0].dim[0]; }

constexpr Kernel kKernels[] = {
    {"gather_rows_reference", Isa::reference, gather_rows_reference, nullptr, items},
};

}  // namespace

const OpSpec& gather_rows_op() {
  static const OpSpec spec{
      .name = "gather_rows",
      .signature = "f32[T,D], i32[R] -> f32[R,D]",
      .attributes = {},
      .bytes = bytes,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
