// The plain data that a kernel sees. ISA files (avx2.cc, avx512.cc, ...) are compiled with file-wide
// instruction-set flags, so they may include this header and nothing from the standard library: an inline std
// function compiled there could be the copy that the linker keeps for everybody, and crash on an older CPU.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace qn {

// Element types of tensors. q8x16/32/64 are rows of quantized activations: see quantized_row.h.
enum class DType : uint8_t { f32, f16, bf16, i32, u8, i8, q8x16, q8x32, q8x64 };

enum class Isa : uint8_t { reference, avx2, avxvnni, avx512, neon };

// How the codes of a weight matrix are stored in its panels. lut4: codes of 4 bits that are places in a table
// of 16 values (NF4, FP4), stored as u4's are. i8: signed codes of convolutions, one scale an output channel,
// which the op is given apart.
enum class WeightFormat : uint8_t { f32, f16, bf16, u8, u4, u2, lut4, i8 };

// How scale and offset of one group of 16 rows are stored: 16 scales, then 16 zero points or offsets.
//   f16_u8    scale float16, zero point uint8: offset = -(scale * zero), computed in float with one rounding
//   (48 bytes) f16_f16   scale float16, offset float16 (64 bytes) f32_f32   scale float32, offset float32
//   (128 bytes) f32       scale float32 alone (64 bytes), of lut4
enum class ParamFormat : uint8_t { none, f16_u8, f16_f16, f32_f32, f32 };

inline constexpr int kPanelRows = 16;

// A weight matrix of `rows` outputs by `cols` inputs in panels of 16 output rows, so that a vector lane is an
// output row.
//
// A float panel holds [cols][16] elements. An integer panel holds [padded_cols / 4] chunks; a chunk is 16
// rows x 4 columns of codes, column fastest (64 bytes as bytes). u8 stores a chunk in 64 bytes; u4 stores
// chunks 2j (low nibbles) and 2j+1 (high nibbles) in 64 bytes; u2 stores chunks 4j..4j+3 in 64 bytes, lowest
// bits first. value[n][k] = scale[n][g] * code[n][k] + offset[n][g], g = k / group, or with a table
// scale[n][g] * table[code[n][k]]. Rows beyond `rows` have zero codes, scales and offsets (floats: zeros);
// columns beyond `cols` have zero codes.
//
// An i8 panel holds the columns tap by tap (a tap is a cell of a convolution's window, `tap_cols` input
// channels), each tap padded with zero codes to a multiple of 4, in u8's chunks: [taps][padded tap /
// 4][16][4].
struct Weight {
  WeightFormat format;
  ParamFormat params;
  int64_t rows;
  int64_t cols;
  int64_t padded_cols;  // cols rounded up to a multiple of `unit` (float formats: cols)
  int64_t panels;       // ceil(rows / 16)
  int32_t unit;    // 16, 32 or 64: integer dot products are summed over this many columns; divides `group`
  int32_t group;   // columns that share a scale, a multiple of `unit`; the last group of a row may be shorter
  int32_t groups;  // ceil(cols / group)
  const uint8_t* codes;  // panels * panel_bytes, 64-byte aligned
  int64_t panel_bytes;
  const uint8_t* group_params;  // [panels][groups][param_bytes], 64-byte aligned; null for float formats
  int64_t param_bytes;          // 48, 64 or 128: one group of one panel
  const float* table;           // lut4: 16 values, 64-byte aligned; null otherwise
  int64_t tap_cols;             // i8: columns of a tap, divides `cols`; 0 otherwise
  const int32_t* tap_sums;      // i8: [taps][panels * 16], the sum of a row's codes in a tap; null otherwise
};

// Columns of a tap in an i8 panel.
static inline int64_t padded_tap_cols(int64_t tap_cols) { return (tap_cols + 3) / 4 * 4; }

inline constexpr int kMaxRank = 4;

// A tensor bound to memory, row-major (q8 tensors: rows of quantized_row.h). The last axis is contiguous and
// its rows lie `stride` elements apart: the last dimension, but more in a part of a tensor that a
// concatenation puts together along that axis. Only ops whose OpSpec is `strided` meet such parts. `data` may
// lie at any multiple of 4 bytes: the caller's own memory is used as it is.
struct View {
  void* data;
  const Weight* weight;  // set for weight matrices in panels, whose data is null
  int64_t dim[kMaxRank];
  int32_t rank;
  DType dtype;
  int64_t stride;
};

// Bytes that may be read behind the last element of an activation: garbage, to be masked or multiplied by
// zero.
inline constexpr int kReadableSlack = 64;

inline constexpr int kMaxAttributes = 20;

struct FusedStep;  // fused.h

// One step with its operands bound. `attribute` is in the order of the op's attribute list. The operands of
// fused steps follow the op's own inputs.
struct Call {
  const View* in;
  const View* out;
  double attribute[kMaxAttributes];
  const FusedStep* fused = nullptr;
  int32_t fused_steps = 0;
};

// Computes the work items [begin, end) of a call. Items are independent: any split over threads gives the
// same bits. `scratch` is private to the calling thread, 64-byte aligned, of the kernel's
// scratch_bytes(call).
using RunFn = void (*)(const Call& call, int64_t begin, int64_t end, void* scratch);

}  // namespace qn
