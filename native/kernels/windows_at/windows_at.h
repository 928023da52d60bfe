// windows_at: what a window over an image sees where its first cell (top, left) lies pad_top above and
// pad_left left of each of K cells (y * W + x):
//
//   y[k, p, q, :] = x[cell y + p - pad_top, cell x + q - pad_left, :], or `fill` outside the image
//
// A cell of -1 is none, and sees `fill` alone. A layer over these K small images computes what it would
// compute at those cells of the whole one.
//
// One kernel: a copy is the C library's business on every instruction set.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& windows_at_op();

// Attributes.
inline constexpr int kWindowsPadTop = 0, kWindowsPadLeft = 1, kWindowsFill = 2;

void windows_at_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
