// kv_append: writes the keys and values of T tokens into the cache.
//
//   k, v     f32[T, M], M = H * D: H heads of D elements
//   slots    i32[T]; slot = block * 16 + lane
//   keys     [B, H, D, 16]: element d of head h goes to [block, h, d, lane]; 16 consecutive slots are a
//   vector values   [B, H, 16, D]: element d of head h goes to [block, h, lane, d]
// Caches are f32, or f16 rounded to nearest even. The slots of one call must differ.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& kv_append_op();

inline constexpr int64_t kSlotsPerBlock = 16;

// A work item is a run of this many tokens. Consecutive tokens share the cache lines of the keys, so that one
// thread should write them.
inline constexpr int64_t kKvAppendItem = 16;

void kv_append_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void kv_append_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
