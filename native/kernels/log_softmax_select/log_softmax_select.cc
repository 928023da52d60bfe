#include "native/kernels/log_softmax_select/log_softmax_select.h"

#include "native/core/index_check.h"
#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  if (call.in[0].dim[1] == 0) return "the rows have no columns";
  return {};
}

std::string check_values(const Call& call) {
  return check_indices(call.in[1],
                       {.end = call.in[0].dim[1], .index = "column", .entry = "row", .extent = "columns"});
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
