#include "native/kernels/log_softmax_select/log_softmax_select.h"

#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  if (call.in[0].dim[1] == 0) return "the rows have no columns";
  return {};
}

std::string check_values(const Call& call) {
  const int64_t cols = call.in[0].dim[1];
  const int32_t* column = static_cast<const int32_t*>(call.in[1].data);
  for (int64_t r = 0; r < call.in[1].dim[0]; r++) {
    if (column[r] < 0 || column[r] >= cols) {
      return "column " + std::to_string(column[r]) + " (row " + std::to_string(r) + ") is outside the " +
             std::to_string(cols) + " columns";
    }
  }
  return {};
}

int64_t bytes(const Call& call) {
  return call.in[0].dim[0] * (call.in[0].dim[1] + 2) * static_cast<int64_t>(sizeof(float));
}

// A comparison, a subtraction, the exponential (9 multiply-adds and a subtraction) and a sum an element.
int64_t operations(const Call& call) { return 22 * call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"log_softmax_select_avx512", Isa::avx512, log_softmax_select_avx512, nullptr, items},
    {"log_softmax_select_avx2", Isa::avx2, log_softmax_select_avx2, nullptr, items},
#endif
    {"log_softmax_select_reference", Isa::reference, log_softmax_select_reference, nullptr, items},
};

}  // namespace

const OpSpec& log_softmax_select_op() {
  static const OpSpec spec{
      .name = "log_softmax_select",
      .signature = "f32[R,V], i32[R] -> f32[R]",
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
