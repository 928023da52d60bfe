#include "native/kernels/softmax/softmax.h"

#include <cmath>

#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"beta", 1, false}};

std::string check(const Call& call) {
  if (!same_shape(call.in[0], call.out[0])) return "input and output have different shapes";
  if (!std::isfinite(static_cast<float>(call.attribute[kSoftmaxBeta]))) return "beta must be finite";
  return {};
}

int64_t bytes(const Call& call) { return 8 * elements_of(call.out[0]); }

// A product and a comparison; then the product again, a difference, the exponential (9 multiply-adds and a
// subtraction) and a sum; then a quotient.
int64_t operations(const Call& call) { return 25 * elements_of(call.out[0]); }

int64_t items(const Call& call) { return rows_of(call.out[0]); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"softmax_avx512", Isa::avx512, softmax_avx512, nullptr, items},
    {"softmax_avx2", Isa::avx2, softmax_avx2, nullptr, items},
#endif
    {"softmax_reference", Isa::reference, softmax_reference, nullptr, items},
};

}  // namespace

const OpSpec& softmax_op() {
  static const OpSpec spec{
      .name = "softmax",
      .signature = "f32[*] -> f32[*]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .in_place_input = 0,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
