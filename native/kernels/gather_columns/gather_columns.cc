#include "native/kernels/gather_columns/gather_columns.h"

#include "native/core/index_check.h"
#include "native/core/op.h"

namespace qn {
namespace {

std::string check_values(const Call& call) {
  return check_indices(call.in[1],
                       {.end = call.in[0].dim[1], .index = "column", .entry = "entry", .extent = "columns"});
}

int64_t bytes(const Call& call) {
  const int64_t rows = call.in[0].dim[0], cols = call.in[0].dim[1];
  return (2 * rows + 1) * cols * static_cast<int64_t>(sizeof(float));
}

int64_t items(const Call& call) { return call.out[0].dim[0]; }

constexpr Kernel kKernels[] = {
    {"gather_columns_reference", Isa::reference, gather_columns_reference, nullptr, items},
};

}  // namespace

const OpSpec& gather_columns_op() {
  static const OpSpec spec{
      .name = "gather_columns",
      .signature = "f32[T,K], i32[K] -> f32[T,K]",
      .attributes = {},
      .bytes = bytes,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
