#include "native/kernels/rank_of/rank_of.h"

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

// A comparison an element.
int64_t operations(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"rank_of_avx512", Isa::avx512, rank_of_avx512, nullptr, items},
    {"rank_of_avx2", Isa::avx2, rank_of_avx2, nullptr, items},
#endif
    {"rank_of_reference", Isa::reference, rank_of_reference, nullptr, items},
};

}  // namespace

const OpSpec& rank_of_op() {
  static const OpSpec spec{
      .name = "rank_of",
      .signature = "f32[R,V], i32[R] -> i32[R]",
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
