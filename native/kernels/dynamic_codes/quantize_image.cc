#include "native/kernels/dynamic_codes/quantize_image.h"

#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  if (call.in[1].dim[1] >= 1) return {};
  return "the images' ranges have no slice";
}

int64_t elements(const View& x) { return x.dim[0] * x.dim[1] * x.dim[2] * x.dim[3]; }

int64_t bytes(const Call& call) { return 5 * elements(call.in[0]) + 8 * call.out[1].dim[0]; }

// A product and a rounding each.
int64_t operations(const Call& call) { return 2 * elements(call.in[0]); }

int64_t items(const Call& call) { return call.in[0].dim[0] * call.in[0].dim[1]; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"quantize_image_avx512", Isa::avx512, quantize_image_avx512, nullptr, items},
    {"quantize_image_avx2", Isa::avx2, quantize_image_avx2, nullptr, items},
#endif
    {"quantize_image_reference", Isa::reference, quantize_image_reference, nullptr, items},
};

}  // namespace

const OpSpec& quantize_image_op() {
  static const OpSpec spec{
      .name = "quantize_image",
      .signature = "f32[N,H,W,C], f32[N,S,2] -> u8[N,H,W,C], f32[N,2]",
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
