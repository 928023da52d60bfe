// Matrices into the panels of native/core/call.h and back, one panel of 16 rows at a time.
#pragma once

#include <cstdint>
#include <span>

#include "native/core/aligned_buffer.h"
#include "native/core/call.h"

namespace qn {

// A weight matrix and the memory that its view points to.
struct OwnedWeight {
  Weight view{};
  AlignedBuffer codes;
  AlignedBuffer params;
  AlignedBuffer table;         // 16 values; lut4 only
  AlignedBuffer tap_sums;      // i8 only
  int64_t bytes = 0;           // of codes, params and sums
  double bits_per_weight = 0;  // as a file would hold this matrix: codes, scales and zero points
};

// A matrix still to be filled: of float elements (f32, f16, bf16; unit and group are 0), or of codes with
// `group` columns sharing a scale (-1: the whole row). Codes are padded to the unit, the largest of 64, 32
// and 16 that divides the group.
OwnedWeight allocate_float_panels(WeightFormat format, int64_t rows, int64_t cols);
OwnedWeight allocate_code_panels(WeightFormat format, ParamFormat params, int64_t rows, int64_t cols,
                                 int64_t group);
// Of 4-bit codes that are places in a table: lut4, with float32 scales.
OwnedWeight allocate_table_panels(std::span<const float, 16> table, int64_t rows, int64_t cols,
                                  int64_t group);
// Of signed codes, tap by tap: i8. `tap_cols` divides `cols`. The sums of taps are zero.
OwnedWeight allocate_tap_panels(int64_t rows, int64_t cols, int64_t tap_cols);

// The 16 rows of a panel before they are interleaved, a code a byte. Which of `offset` and `zero` counts is
// the matrix's ParamFormat's matter: f16_u8 has zero points, f32 neither, the others offsets.
class PanelRows {
 public:
  PanelRows(int64_t padded_cols, int64_t groups);
  void clear_rows(int from);  // rows [from, 16) to zero codes, scales, offsets and zero points

  uint8_t* codes(int row) const {
    return codes_.data() + row * padded_cols_;
  }  // [padded_cols], zero beyond cols
  float* scale(int row) const { return reinterpret_cast<float*>(scale_.data()) + row * groups_; }  // [groups]
  float* offset(int row) const {
    return reinterpret_cast<float*>(offset_.data()) + row * groups_;
  }                                                                      // [groups]
  uint8_t* zero(int row) const { return zero_.data() + row * groups_; }  // [groups]

 private:
  int64_t padded_cols_, groups_;
  AlignedBuffer codes_, scale_, offset_, zero_;
};

// Stores and loads are inverse to each other, when scales and offsets are values of the matrix's ParamFormat.
// f16_u8: loading computes the offsets from the zero points; the others: it leaves zero points alone.
void store_panel(const PanelRows& rows, OwnedWeight& weight, int64_t panel);
void load_panel(const Weight& weight, int64_t panel, PanelRows& rows);

// `elements` [16][cols] of the matrix's float type to a panel.
void store_float_panel(const void* elements, OwnedWeight& weight, int64_t panel);

}  // namespace qn
