#include "native/kernels/dynamic_codes/min_max.h"

#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  const int64_t slices = call.out[0].dim[1], rows = call.in[0].dim[1];
  if (slices >= 1 && slices <= rows) return {};
  return std::to_string(rows) + " rows cannot be cut into " + std::to_string(slices) + " slices";
}

int64_t elements(const View& x) { return x.dim[0] * x.dim[1] * x.dim[2] * x.dim[3]; }

int64_t items(const Call& call) { return call.out[0].dim[0] * call.out[0].dim[1]; }

int64_t bytes(const Call& call) { return 4 * elements(call.in[0]) + 8 * items(call); }

int64_t operations(const Call& call) { return 2 * elements(call.in[0]); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"min_max_avx512", Isa::avx512, min_max_avx512, nullptr, items},
    {"min_max_avx2", Isa::avx2, min_max_avx2, nullptr, items},
#endif
    {"min_max_reference", Isa::reference, min_max_reference, nullptr, items},
};

}  // namespace

const OpSpec& min_max_op() {
  static const OpSpec spec{
      .name = "min_max",
      .signature = "f32[N,H,W,C] -> f32[N,S,2]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
