#include "native/kernels/top_k/top_k.h"

#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  const int64_t cols = call.in[0].dim[1], k = call.out[0].dim[1];
  if (k < 1 || k > cols) {
    return "K must be between 1 and the " + std::to_string(cols) + " columns, got " + std::to_string(k);
  }
  return {};
}

int64_t bytes(const Call& call) {
  return call.in[0].dim[0] * (call.in[0].dim[1] + 2 * call.out[0].dim[1]) *
         static_cast<int64_t>(sizeof(float));
}

// A comparison an element.
int64_t operations(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t items(const Call& call) { return call.in[0].dim[0]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"top_k_avx2", Isa::avx2, top_k_avx2, nullptr, items},
#endif
    {"top_k_reference", Isa::reference, top_k_reference, nullptr, items},
};

}  // namespace

const OpSpec& top_k_op() {
  static const OpSpec spec{
      .name = "top_k",
      .signature = "f32[R,V] -> f32[R,K], i32[R,K]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
