#include "native/kernels/scatter_cells/scatter_cells.h"

#include "native/core/index_check.h"
#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"fill", 0, false}};

std::string check(const Call& call) {
  const double fill = call.attribute[kScatterFill];
  if (call.in[0].dtype == DType::u8 && !(fill >= 0 && fill <= 255)) return "fill must be a code";
  return call.in[0].dtype == call.out[0].dtype ? "" : "the image has another type than the rows";
}

std::string check_values(const Call& call) {
  return check_indices(call.in[1], {.begin = -1,
                                    .end = call.out[0].dim[1] * call.out[0].dim[2],
                                    .index = "cell",
                                    .entry = "entry",
                                    .extent = "of the image"});
}

int64_t bytes(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t element = y.dtype == DType::u8 ? 1 : 4;
  return element * (x.dim[0] + y.dim[1] * y.dim[2]) * y.dim[3] + 4 * x.dim[0];
}

int64_t items(const Call&) { return 1; }

constexpr Kernel kKernels[] = {
    {"scatter_cells_reference", Isa::reference, scatter_cells_reference, nullptr, items},
};

}  // namespace

const OpSpec& scatter_cells_op() {
  static const OpSpec spec{
      .name = "scatter_cells",
      .signature = "f32|u8[K,C], i32[K] -> f32|u8[1,H,W,C]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
