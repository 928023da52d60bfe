#include "native/kernels/resize/resize.h"

#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"sampling", 0, true}};

std::string check(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  if (x.dtype != y.dtype) return "the input and the output have different types";
  const double sampling = call.attribute[0];
  if (sampling != 0 && sampling != 1 && sampling != 2) return "sampling is none of 0, 1 and 2";
  for (int axis : {1, 2}) {
    if (x.dim[axis] == 0) return "the input has no pixels";
    // Places are computed in float32.
    if (x.dim[axis] >= 1 << 22 || y.dim[axis] >= 1 << 22) return "an image has a side of 2^22 and more";
  }
  return {};
}

int64_t elements_of(const View& view) { return view.dim[0] * view.dim[1] * view.dim[2] * view.dim[3]; }

int64_t bytes(const Call& call) {
  return (elements_of(call.in[0]) + elements_of(call.out[0])) * (call.in[0].dtype == DType::u8 ? 1 : 4);
}

// Three differences and three multiply-adds.
int64_t bilinear_operations(const Call& call) { return 9 * elements_of(call.out[0]); }
int64_t nearest_operations(const Call&) { return 0; }

constexpr Kernel kBilinearKernels[] = {
#if defined(QN_X86)
    {"resize_bilinear_avx512", Isa::avx512, resize_bilinear_avx512, nullptr, resize_items},
    {"resize_bilinear_avx2", Isa::avx2, resize_bilinear_avx2, nullptr, resize_items},
#endif
    {"resize_bilinear_reference", Isa::reference, resize_bilinear_reference, nullptr, resize_items},
};

constexpr Kernel kNearestKernels[] = {
#if defined(QN_X86)
    {"resize_nearest_avx512", Isa::avx512, resize_nearest_avx512, nullptr, resize_items},
    {"resize_nearest_avx2", Isa::avx2, resize_nearest_avx2, nullptr, resize_items},
#endif
    {"resize_nearest_reference", Isa::reference, resize_nearest_reference, nullptr, resize_items},
};

}  // namespace

const OpSpec& resize_bilinear_op() {
  static const OpSpec spec{
      .name = "resize_bilinear",
      .signature = "f32|u8[N,H,W,C], ... -> f32|u8[N,P,Q,C]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = bilinear_operations,
      .kernels = kBilinearKernels,
      .strided = true,
  };
  return spec;
}

const OpSpec& resize_nearest_op() {
  static const OpSpec spec{
      .name = "resize_nearest",
      .signature = "f32|u8[N,H,W,C], ... -> f32|u8[N,P,Q,C]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = nearest_operations,
      .kernels = kNearestKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
