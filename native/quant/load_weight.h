// From a weight's source (a range of a mapped file, arrays, a random seed) to panels in memory, or to plain
// values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/core/aligned_buffer.h"
#include "native/quant/fill_panels.h"
#include "native/quant/panels.h"
#include "native/quant/round_to_nearest.h"
#include "native/quant/weight_source.h"

namespace qn {

enum class TargetKind : uint8_t {
  native,  // as stored: floats in their own type, ggml blocks in the panels of ggml_blocks.h, codes as they
           // are, with groups that act-order scattered gathered
  f32,     // the stored values unquantized: f16 and bf16 keep their type (the same values in half the bytes)
  f16,     // rounded to nearest even; a value beyond the type's range is an Error
  bf16,
  integer,   // round-to-nearest by `options`
  nf4,       // 4-bit codes into NF4's table, in blocks of 64 whose absmax is quantized in turn: nf4.h
  llm_int8,  // 8 bits with one scale a row: llm_int8.h
  i8,      // signed codes tap by tap: of plain codes (u8 ones minus 128), or of floats that are such integers
  dense,   // float32 values in order, no panels: norm gains
  values,  // as they are, of a ValuesSource: a column order, codes, a look-up table
};

struct WeightTarget {
  TargetKind kind;
  QuantizeOptions options;  // for integer
  int64_t tap_cols = 0;     // for i8
};

struct WeightRequest {
  std::string name;  // for error messages
  WeightSource source;
  WeightTarget target;
};

struct LoadedWeight {
  OwnedWeight panels;   // unless dense
  AlignedBuffer dense;  // [rows * cols]
  bool is_dense = false;
  int64_t rows = 0, cols = 0;
  int64_t bytes = 0;           // in memory
  double bits_per_weight = 0;  // as a file would hold it: codes, scales, and zero points where asymmetric
  // Panel column j is column column_order[j] of the model, whose input must be gathered in this order
  // (native/kernels/gather_columns). Empty: the model's own order.
  std::vector<int32_t> column_order;
};

// Throws Error naming the weight when the source is malformed, holds NaN or infinity, or does not go with the
// target, and Aborted when stopped. Mapped pages are given back as soon as they are read, 32 MiB at a time,
// so that a model larger than memory can be packed.
LoadedWeight load_weight(const WeightRequest& request, const LoadControl& control);

// The values of any source but random ones, float32 [rows, cols] in the model's order. Errors as above.
void read_matrix(const WeightSource& source, std::string_view name, const LoadControl& control, float* out);

}  // namespace qn
