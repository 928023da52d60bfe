#include "native/kernels/attention/attention.h"

#include "native/core/op.h"
#include "native/core/sequence_check.h"

namespace qn {
namespace {

constexpr AttributeSpec kAttributes[] = {{.name = "heads", .default_value = 0.0, .required = true},
                                         {.name = "scale", .default_value = 0.0, .required = true}};

std::string check(const Call& call) {
  const View &q = call.in[0], &keys = call.in[1], &values = call.in[2];
  const int64_t cache_heads = keys.dim[1], head_dim = keys.dim[2];
  if (keys.dtype != values.dtype) return "the caches of keys and of values must be of the same type";
  if (head_dim < 1 || head_dim > kAttentionMaxHeadDim) {
    return "heads must have 1 to " + std::to_string(kAttentionMaxHeadDim) + " elements, got " +
           std::to_string(head_dim);
  }
  const int64_t heads = q.dim[1] / head_dim;
  if (q.dim[1] % head_dim != 0 || call.attribute[0] != static_cast<double>(heads)) {
    return std::to_string(q.dim[1]) + " columns are not " + std::to_string(call.attribute[0]) + " heads of " +
           std::to_string(head_dim);
  }
  if (cache_heads < 1 || heads % cache_heads != 0) {
    return std::to_string(heads) + " query heads are not a multiple of the cache's " +
           std::to_string(cache_heads);
  }
  return {};
}

std::string check_values(const Call& call) {
  const int64_t slots = call.in[1].dim[0] * 16;
  if (std::string reason = check_sequence_rows(call.in[3], call.in[0].dim[0]); !reason.empty()) return reason;
  for (int64_t i = 0; i < call.in[3].dim[0]; i++) {
    const Sequence s = sequence_at(call.in[3], i);
    if (s.first_slot < 0 || s.first_slot % 16 != 0 || s.before < 0 ||
        s.first_slot + s.before + s.rows > slots) {
      return "sequence " + std::to_string(i) + " has " + std::to_string(s.before) + " + " +
             std::to_string(s.rows) + " keys from slot " + std::to_string(s.first_slot) +
             " on (a multiple of 16) in a cache of " + std::to_string(slots) + " slots";
    }
  }
  return {};
}

// Queries and results once, and each sequence's keys and values once.
int64_t bytes(const Call& call) {
  const int64_t element = call.in[1].dtype == DType::f16 ? 2 : 4;
  int64_t keys = 0;
  for (int64_t i = 0; i < call.in[3].dim[0]; i++) {
    const Sequence s = sequence_at(call.in[3], i);
    keys += s.before + s.rows;
  }
  return 2 * call.in[0].dim[0] * call.in[0].dim[1] * 4 +
         2 * keys * call.in[1].dim[1] * call.in[1].dim[2] * element;
}

// A multiply-add for the score and one for the value, for each pair of a query and a key that it sees. The
// exponentials are not counted.
int64_t operations(const Call& call) {
  int64_t pairs = 0;
  for (int64_t i = 0; i < call.in[3].dim[0]; i++) {
    const Sequence s = sequence_at(call.in[3], i);
    pairs += s.rows * s.before + s.rows * (s.rows + 1) / 2;
  }
  return 4 * pairs * call.in[0].dim[1];
}

bool f32_cache(const Call& call) { return call.in[1].dtype == DType::f32; }
bool f16_cache(const Call& call) { return call.in[1].dtype == DType::f16; }

int64_t group_of(const Call& call) { return static_cast<int64_t>(call.attribute[0]) / call.in[1].dim[1]; }

int64_t tile_items(const Call& call) {
  const int64_t tokens = attention_tile_tokens(group_of(call));
  int64_t tiles = 0;
  for (int64_t i = 0; i < call.in[3].dim[0]; i++)
    tiles += (sequence_at(call.in[3], i).rows + tokens - 1) / tokens;
  return tiles * call.in[1].dim[1];
}

int64_t row_items(const Call& call) { return call.in[0].dim[0]; }

int64_t scratch_bytes(const Call& call) { return attention_scratch_bytes(group_of(call)); }

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"attention_f32_avx512", Isa::avx512, attention_f32_avx512, f32_cache, tile_items, scratch_bytes},
    {"attention_f16_avx512", Isa::avx512, attention_f16_avx512, f16_cache, tile_items, scratch_bytes},
    {"attention_f32_avx2", Isa::avx2, attention_f32_avx2, f32_cache, tile_items, scratch_bytes},
    {"attention_f16_avx2", Isa::avx2, attention_f16_avx2, f16_cache, tile_items, scratch_bytes},
#endif
    {"attention_reference", Isa::reference, attention_reference, nullptr, row_items},
};

}  // namespace

const OpSpec& attention_op() {
  static const OpSpec spec{
      .name = "attention",
      .signature = "f32[T,N], kv[B,H,D,16], kv[B,H,16,D], i32[S,4] -> f32[T,N]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
