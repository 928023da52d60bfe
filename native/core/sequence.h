// The sequences of a ragged batch: i32[S, 4], for each its first row, its rows, its first slot in the caches
// and its keys before. In order, they share out all rows.
#pragma once

#include <stdint.h>

#include "native/core/call.h"

namespace qn {

struct Sequence {
  int64_t first_row, rows, first_slot, before;
};

static inline Sequence sequence_at(const View& sequences, int64_t i) {
  const int32_t* p = static_cast<const int32_t*>(sequences.data) + i * 4;
  return {p[0], p[1], p[2], p[3]};
}

}  // namespace qn
