// quantize_pixels: "f32[N,H,W,C] -> u8[N,H,W,C], f32[R,2]", R = N * H * W: the codes of
// native/kernels/dynamic_codes/codes.h, each pixel by the range of its own channels, and the scale and zero
// of each. For conv2d_dynamic by pixels.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& quantize_pixels_op();

// A work item is so many pixels, whose parameters are computed side by side.
inline constexpr int64_t kPixelsTogether = 16;

using QuantizePixelsKernel = void(const Call& call, int64_t begin, int64_t end, void* scratch);
QuantizePixelsKernel quantize_pixels_reference;
#if defined(QN_X86)
QuantizePixelsKernel quantize_pixels_avx2, quantize_pixels_avx512;
#endif

static inline int64_t pixels_of(const View& x) { return x.dim[0] * x.dim[1] * x.dim[2]; }

}  // namespace qn
