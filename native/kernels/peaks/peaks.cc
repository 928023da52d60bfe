#include "native/kernels/peaks/peaks.h"

#include "native/core/op.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"epsilon", 0, true}};

std::string check(const Call& call) {
  const double epsilon = call.attribute[kPeaksEpsilon];
  return epsilon == 0 || epsilon == 1 ? "" : "epsilon must be 0 or 1";
}

int64_t scores_of(const Call& call) {
  const View& x = call.in[0];
  return x.dim[1] * x.dim[2] * x.dim[3];
}

int64_t bytes(const Call& call) { return 4 * (scores_of(call) + call.out[0].dim[0]); }

int64_t operations(const Call& call) { return scores_of(call); }

int64_t items(const Call&) { return 1; }

constexpr Kernel kKernels[] = {
    {"peaks_reference", Isa::reference, peaks_reference, nullptr, items},
};

}  // namespace

const OpSpec& peaks_op() {
  static const OpSpec spec{
      .name = "peaks",
      .signature = "f32[1,H,W,C] -> i32[K]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
