// The weights of integer convolutions: i8 panels (native/core/call.h).
#pragma once

#include "native/quant/fill_panels.h"
#include "native/quant/matrix_rows.h"
#include "native/quant/panels.h"

namespace qn {

// Of rows whose values are integers from -128 to 127, tap by tap. Throws Error naming the weight when
// `tap_cols` does not divide the columns, or the value that is no such integer.
OwnedWeight load_taps(const MatrixRows& source, int64_t tap_cols, const LoadControl& control);

}  // namespace qn
