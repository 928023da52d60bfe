#include "native/kernels/rank_of/rank_of.h"

#include "native/core/value_a_row.h"

namespace qn {
namespace {

int64_t bytes(const Call& call) {
  return call.in[0].dim[0] * (call.in[0].dim[1] + 2) * static_cast<int64_t>(sizeof(float));
}

// A comparison an element.
int64_t operations(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"rank_of_avx512", Isa::avx512, rank_of_avx512, nullptr, rows_as_items},
    {"rank_of_avx2", Isa::avx2, rank_of_avx2, nullptr, rows_as_items},
#endif
    {"rank_of_reference", Isa::reference, rank_of_reference, nullptr, rows_as_items},
};

}  // namespace

const OpSpec& rank_of_op() {
  static const OpSpec spec{
      .name = "rank_of",
      .signature = "f32[R,V], i32[R] -> i32[R]",
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
