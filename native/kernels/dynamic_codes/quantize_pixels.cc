#include "native/kernels/dynamic_codes/quantize_pixels.h"

#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  const int64_t pixels = pixels_of(call.in[0]), rows = call.out[1].dim[0];
  if (rows == pixels) return {};
  return "there is room for the scales and zeros of " + std::to_string(rows) + " pixels, and not of " +
         std::to_string(pixels);
}

int64_t bytes(const Call& call) {
  const int64_t pixels = pixels_of(call.in[0]);
  return pixels * (call.in[0].dim[3] * 5 + 8);
}

// A minimum, a maximum, a product and a rounding each.
int64_t operations(const Call& call) { return 4 * pixels_of(call.in[0]) * call.in[0].dim[3]; }

int64_t items(const Call& call) { return (pixels_of(call.in[0]) + kPixelsTogether - 1) / kPixelsTogether; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"quantize_pixels_avx512", Isa::avx512, quantize_pixels_avx512, nullptr, items},
    {"quantize_pixels_avx2", Isa::avx2, quantize_pixels_avx2, nullptr, items},
#endif
    {"quantize_pixels_reference", Isa::reference, quantize_pixels_reference, nullptr, items},
};

}  // namespace

const OpSpec& quantize_pixels_op() {
  static const OpSpec spec{
      .name = "quantize_pixels",
      .signature = "f32[N,H,W,C] -> u8[N,H,W,C], f32[R,2]",
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
