#include "native/kernels/binary/binary.h"

#include <cmath>

#include "native/core/broadcast.h"
#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{"kind", 0, true}};

std::string check(const Call& call) {
  const View &a = call.in[0], &b = call.in[1], &y = call.out[0];
  const double number = call.attribute[0];
  if (!(number >= 0 && number < kBinaryKinds) || number != std::floor(number))
    return "kind must be an integer from 0 to " + std::to_string(kBinaryKinds - 1);
  const BinaryKind kind = static_cast<BinaryKind>(number);
  if (a.dtype != b.dtype) return "the operands have different types";
  if (gives_truth(kind) ? y.dtype != DType::u8 : y.dtype != a.dtype)
    return "comparisons and logical kinds give u8, others the operands' type";
  if (a.dtype == DType::u8 && !gives_truth(kind) && kind != BinaryKind::maximum &&
      kind != BinaryKind::minimum)
    return "u8 has extrema, comparisons and logical kinds alone";
  if (!broadcasts_to(a, y) || !broadcasts_to(b, y))
    return "an operand does not broadcast to the result's shape";
  for (int32_t d = 0; d < y.rank; d++) {
    if (y.dim[d] != broadcast_dim(a, y, d) && y.dim[d] != broadcast_dim(b, y, d))
      return "the result is larger than what the operands broadcast to";
  }
  return {};
}

int64_t bytes(const Call& call) {
  const View &a = call.in[0], &b = call.in[1], &y = call.out[0];
  return elements_of(a) * element_bytes(a) + elements_of(b) * element_bytes(b) +
         elements_of(y) * element_bytes(y);
}

int64_t operations(const Call& call) { return elements_of(call.out[0]); }

int64_t items(const Call& call) { return tiles_of(tiling_of(call.out[0])); }

constexpr Kernel kKernels[] = {
    {"binary_reference", Isa::reference, binary_reference, nullptr, items},
};

}  // namespace

const OpSpec& binary_op() {
  static const OpSpec spec{
      .name = "binary",
      .signature = "f32|i32|u8[*], f32|i32|u8[*] -> f32|i32|u8[*]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
