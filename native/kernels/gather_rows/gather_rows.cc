#include "native/kernels/gather_rows/gather_rows.h"

#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call&) { return {}; }

std::string check_values(const Call& call) {
  const int64_t available = call.in[0].dim[0];
  const int32_t* rows = static_cast<const int32_t*>(call.in[1].data);
  for (int64_t r = 0; r < call.in[1].dim[0]; r++) {
    if (rows[r] < 0 || rows[r] >= available) {
      return "row " + std::to_string(rows[r]) + " (entry " + std::to_string(r) + ") is outside the " +
             std::to_string(available) + " rows";
    }
  }
  return {};
}

int64_t bytes(const Call& call) {
  const int64_t rows = call.out[0].dim[0], cols = call.out[0].dim[1];
  return rows * (2 * cols + 1) * static_cast<int64_t>(sizeof(float));
}

int64_t operations(const Call&) { return 0; }

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
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
