#include "native/kernels/argmax/argmax.h"

#include "native/core/value_a_row.h"

namespace qn {
namespace {

int64_t bytes(const Call& call) {
  return call.in[0].dim[0] * (call.in[0].dim[1] + 1) * static_cast<int64_t>(sizeof(float));
}

// A comparison an element.
int64_t operations(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"argmax_avx512", Isa::avx512, argmax_avx512, nullptr, rows_as_items},
    {"argmax_avx2", Isa::avx2, argmax_avx2, nullptr, rows_as_items},
#endif
    {"argmax_reference", Isa::reference, argmax_reference, nullptr, rows_as_items},
};

}  // namespace

const OpSpec& argmax_op() {
  static const OpSpec spec{
      .name = "argmax",
      .signature = "f32[R,V] -> i32[R]",
      .attributes = {},
      .check = check_has_columns,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
