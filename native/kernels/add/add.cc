#include "native/kernels/add/add.h"

#include "native/core/op.h"

namespace qn {
namespace {

int64_t elements(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

int64_t bytes(const Call& call) { return 3 * elements(call) * static_cast<int64_t>(sizeof(float)); }

int64_t items(const Call& call) { return (elements(call) + kAddItem - 1) / kAddItem; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"add_avx2", Isa::avx2, add_avx2, nullptr, items},
#endif
    {"add_reference", Isa::reference, add_reference, nullptr, items},
};

}  // namespace

const OpSpec& add_op() {
  static const OpSpec spec{
      .name = "add",
      .signature = "f32[T,D], f32[T,D] -> f32[T,D]",
      .attributes = {},
      .bytes = bytes,
      .operations = elements,
      .kernels = kKernels,
      .in_place_input = 0,
  };
  return spec;
}

}  // namespace qn
