// Rows of plain floats: from file bytes to float32, to the 16-bit types, and the search for NaN and infinity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "native/quant/source_type.h"

namespace qn {

// Where a run of values comes from, for the messages.
struct RowName {
  std::string_view tensor;
  int64_t row;
  int64_t column = 0;                    // of the first value
  std::string element(int64_t i) const;  // "tensor 'x' [3, 17]" for value i
};

// `count` values of type f32, f16 or bf16, at any alignment, to float32. Exact.
void decode_floats(SourceType type, const uint8_t* bytes, int64_t count, float* out);

// Throws Error naming the first NaN or infinity of the row.
void check_finite(const float* row, int64_t count, const RowName& name);

// Round to nearest even. Throws Error naming the first value that is finite but does not fit the type.
void encode_float16(const float* row, int64_t count, const RowName& name, uint16_t* out);
void encode_bfloat16(const float* row, int64_t count, const RowName& name, uint16_t* out);

}  // namespace qn
