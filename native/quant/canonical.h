// The canonical layout: what GPTQ checkpoints hold ("checkpoint_format": "gptq_v2", AutoGPTQ and GPTQModel).
//
// For a linear layer with `cols` inputs (K) and `rows` outputs (N), b-bit codes, and p = 32 / b codes in an
// int32:
//   qweight  int32 [ceil(K / p), N]       code of input k, output n: bits (k % p) * b of word [k / p, n]
//   qzeros   int32 [groups, ceil(N / p)]  zero point of group g, output n: bits (n % p) * b of word [g, n /
//   p] scales   float16 [groups, N] g_idx    int32 [K]                    group of each input: k / group,
//   unless act-order permuted it value[n][k] = scales[g_idx[k]][n] * (code - zero)
// qzeros holds the true zero point. A "gptq" (v1) checkpoint holds it minus one: add 0x01010101, 0x11111111
// or 0x55555555 (8, 4, 2 bits) to each word, borrows included, before it is passed here. GPTQ itself requires
// K and N to be multiples of p; here the last word is padded with zero bits, so that every shape has this
// form (stories260k has K = 172), and shapes that GPTQ takes look exactly as there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/core/call.h"
#include "native/quant/round_to_nearest.h"

namespace qn {

struct CanonicalShape {
  int bits;  // 8, 4 or 2
  int64_t rows, cols;
  int64_t group;  // -1: the whole row

  int codes_per_word() const { return 32 / bits; }
  int64_t groups() const { return group_count(cols, group); }
  int64_t column_words() const { return (cols + codes_per_word() - 1) / codes_per_word(); }
  int64_t row_words() const { return (rows + codes_per_word() - 1) / codes_per_word(); }
  int64_t qweight_size() const { return column_words() * rows; }
  int64_t qzeros_size() const { return groups() * row_words(); }
  int64_t scales_size() const { return groups() * rows; }
};

// Arrays of a matrix in the canonical layout, of the sizes that the shape says.
template <class Word, class Half>
struct CanonicalArrays {
  CanonicalShape shape;
  Word* qweight;
  Word* qzeros;
  Half* scales;
  Word* group_index;
};
using Canonical = CanonicalArrays<const int32_t, const uint16_t>;
using MutableCanonical = CanonicalArrays<int32_t, uint16_t>;

// What is wrong with a shape (bits not 8, 4 or 2; no rows or columns; a group that panels cannot hold);
// empty: nothing.
std::string shape_problem(const CanonicalShape& shape);
// Throws Error unless every group index lies in [0, groups).
void check_group_index(const Canonical& matrix);
// g_idx[k] == k / group for all k: no act-order.
bool has_contiguous_groups(const Canonical& matrix);

// Codes [rows, cols] and zeros [groups, rows], one a byte, to qweight and qzeros and back. Only the low
// `bits` of a byte are taken.
void pack_codes(const CanonicalShape& shape, const uint8_t* codes, int32_t* qweight);
void pack_zeros(const CanonicalShape& shape, const uint8_t* zeros, int32_t* qzeros);
void unpack_codes(const CanonicalShape& shape, const int32_t* qweight, uint8_t* codes);
void unpack_zeros(const CanonicalShape& shape, const int32_t* qzeros, uint8_t* zeros);

// One row (output) of a matrix: codes [cols], scale and zero [groups].
void read_canonical_row(const Canonical& matrix, int64_t row, uint8_t* codes, float* scale, uint8_t* zero);

// weights [rows, cols] by round-to-nearest into arrays of out.shape, which says bits and group. `name` is for
// errors.
void quantize(const float* weights, bool symmetric, Clip clip, std::string_view name,
              const MutableCanonical& out);

// Panels of 8-, 4- or 2-bit codes with float16 scales and zero points, as load_weight makes them of a
// canonical matrix, back to that matrix, in arrays of its shape.
void read_panels(const Weight& panels, const MutableCanonical& out);

// To float32 [rows, cols]: exact, since a code times a float16 scale fits.
void dequantize(const Canonical& matrix, float* out);

}  // namespace qn
