// Round-to-nearest quantization of one row of weights, group by group.
//
// A group of weights w gets a scale and a zero point, both found from its range [lo, hi] widened to contain
// 0:
//   asymmetric  scale = (hi - lo) / (2^bits - 1)          zero = round(-lo / scale)
//   symmetric   scale = 2 * max|w| / (2^bits - 1)         zero = 2^(bits - 1)
// and then  code = clamp(round(w / scale) + zero, 0, 2^bits - 1),  value = scale * (code - zero),  with the
// scale rounded to float16 (what checkpoints hold) after the zero point was found, and ties rounded to even.
// It is the grid of AutoGPTQ's Quantizer, with these cases settled:
//   - a group of zeros gets the range [-1, 1], as there;
//   - a symmetric group without negative weights is treated as any other (AutoGPTQ halves its scale and clips
//   it);
//   - a scale that float16 would round to 0 becomes the smallest subnormal, 2^-24 (nothing is clipped, the
//   step is coarser);
//   - a scale beyond 65504 is an Error: those weights have no float16 grid.
#pragma once

#include <cstdint>

#include "native/quant/float_rows.h"
#include "native/quant/grid.h"

namespace qn {

struct QuantizeOptions {
  int bits;       // 8, 4 or 2
  int64_t group;  // columns that share a scale; the last group of a row may be shorter; -1: the whole row
  bool symmetric;
  Clip clip;  // none or mse
};

inline int64_t group_count(int64_t cols, int64_t group) { return group < 0 ? 1 : (cols + group - 1) / group; }

// Throws Error naming the extreme weight of a group, which begins at column `begin`, when its scale does not
// fit float16.
void check_scale(const Grid& grid, const float* w, int64_t n, int bits, const RowName& name, int64_t begin);

// codes [cols], scale [groups] (float16 values), zero [groups]. Throws Error naming the element when a weight
// is NaN or infinite, or too large.
void quantize_row(const float* row, int64_t cols, const QuantizeOptions& options, const RowName& name,
                  uint8_t* codes, float* scale, uint8_t* zero);

}  // namespace qn
