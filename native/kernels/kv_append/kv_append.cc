#include "native/kernels/kv_append/kv_append.h"

#include "native/core/index_check.h"
#include "native/core/op.h"

namespace qn {
namespace {

std::string check(const Call& call) {
  const View &k = call.in[0], &keys = call.in[3], &values = call.in[4];
  if (keys.dtype != values.dtype) return "the caches of keys and of values must be of the same type";
  if (k.dim[1] != keys.dim[1] * keys.dim[2]) {
    return std::to_string(k.dim[1]) + " columns are not the cache's " + std::to_string(keys.dim[1]) +
           " heads of " + std::to_string(keys.dim[2]);
  }
  return {};
}

std::string check_values(const Call& call) {
  return check_indices(call.in[2], {.end = call.in[3].dim[0] * kSlotsPerBlock,
                                    .index = "slot",
                                    .entry = "token",
                                    .extent = "slots of the cache"});
}

// Keys and values, read as f32 and written in the cache's type.
int64_t bytes(const Call& call) {
  const int64_t tokens = call.in[0].dim[0], element = call.in[3].dtype == DType::f16 ? 2 : 4;
  return 2 * tokens * call.in[0].dim[1] * (4 + element) + tokens * 4;
}

int64_t items(const Call& call) { return (call.in[0].dim[0] + kKvAppendItem - 1) / kKvAppendItem; }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"kv_append_avx2", Isa::avx2, kv_append_avx2, nullptr, items},
#endif
    {"kv_append_reference", Isa::reference, kv_append_reference, nullptr, items},
};

}  // namespace

const OpSpec& kv_append_op() {
  static const OpSpec spec{
      .name = "kv_append",
      .signature = "f32[T,M], f32[T,M], i32[T], ~kv[B,H,D,16], ~kv[B,H,16,D] -> ~kv[B,H,D,16], ~kv[B,H,16,D]",
      .attributes = {},
      .check = check,
      .bytes = bytes,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
