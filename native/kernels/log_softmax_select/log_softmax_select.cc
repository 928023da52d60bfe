#include "native/kernels/log_softmax_select/log_softmax_select.h"

#include "native/core/value_a_row.h"

namespace qn {
namespace {

int64_t bytes(const Call& call) {
  return call.in[0].dim[0] * (call.in[0].dim[1] + 2) * static_cast<int64_t>(sizeof(float));
}

// A comparison, a subtraction, the exponential (9 multiply-adds and a subtraction) and a sum an element.
int64_t operations(const Call& call) { return 22 * call.in[0].dim[0] * call.in[0].dim[1]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"log_softmax_select_avx512", Isa::avx512, log_softmax_select_avx512, nullptr, rows_as_items},
    {"log_softmax_select_avx2", Isa::avx2, log_softmax_select_avx2, nullptr, rows_as_items},
#endif
    {"log_softmax_select_reference", Isa::reference, log_softmax_select_reference, nullptr, rows_as_items},
};

}  // namespace

const OpSpec& log_softmax_select_op() {
  static const OpSpec spec{
      .name = "log_softmax_select",
      .signature = "f32[R,V], i32[R] -> f32[R]",
      .attributes = {},
      .check = check_has_columns,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .check_values = check_selected_columns,
  };
  return spec;
}

}  // namespace qn
