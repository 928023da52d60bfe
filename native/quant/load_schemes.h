// Matrices quantized by published schemes while they are loaded.
#pragma once

#include "native/quant/fill_panels.h"
#include "native/quant/matrix_rows.h"
#include "native/quant/panels.h"

namespace qn {

// lut4 panels with NF4's table and double quantization: nf4.h. Blocks do not cross rows: where a row is no
// multiple of 64 columns, its last block is shorter.
OwnedWeight load_nf4(const MatrixRows& source, const LoadControl& control);

// The same panels, still to be filled.
OwnedWeight allocate_nf4(int64_t rows, int64_t cols);

// u8 panels with one float32 scale and offset a row: llm_int8.h.
OwnedWeight load_llm_int8(const MatrixRows& source, const LoadControl& control);

}  // namespace qn
