// Applies a call's fused steps (native/core/fused.h) in place to a tile of out[0] that a kernel has just
// written.
#pragma once

#include "native/core/call.h"

namespace qn {

// Rows are those of the last axis, all axes before it taken together: row r of out[0] starts at r * stride
// elements. Operands are read at the same rows and channels.
struct FusedTile {
  int64_t first_row;
  int64_t rows;
  int64_t row_step;  // from one row of the tile to the next; 1 but for transposed convolutions
  int64_t first_channel;
  int64_t channels;
  // Of calls with real steps (fused.h): room for float32, rows value_distance apart, between the op and its
  // codes. An op of sums has its results there; out[0] has codes only after the last step.
  float* values = nullptr;
  int64_t value_distance = 0;
};

// Do nothing when the call has no fused steps. All give the same bits, float steps too.
void apply_fused_reference(const Call& call, const FusedTile& tile);
#if defined(QN_X86)
void apply_fused_avx2(const Call& call, const FusedTile& tile);
void apply_fused_avx512(const Call& call, const FusedTile& tile);
#endif

}  // namespace qn
