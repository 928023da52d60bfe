// The canonical layout: what GPTQ checkpoints hold ("checkpoint_format": "gptq_v2", AutoGPTQ and GPTQModel).
//
// For a linear layer with `cols` inputs (K) and `rows` outputs (N) and b-bit codes, codes are a stream of
// bits, lowest first, cut into int32 words. With 8, 4 and 2 bits that is p = 32 / b codes in a word; with 3
// bits, 32 codes in 3 words, two of them across a boundary.
//   qweight  int32 [ceil(K b / 32), N]       the codes of output n, input after input, are column n
//   qzeros   int32 [groups, ceil(N b / 32)]  the zero points of group g, output after output, are row g
//   scales   float16 [groups, N]
//   g_idx    int32 [K]                       group of each input: k / group, unless act-order permuted it
//   value[n][k] = scales[g_idx[k]][n] * (code - zero)
// qzeros holds the true zero point. A "gptq" (v1) checkpoint holds it minus one, subtracted from all codes of
// a word in one subtraction, so that a zero point of 0 borrows from its neighbour: unpack_zeros_minus_one.
// GPTQ itself requires K and N to be multiples of 32; here the last word is padded with zero bits, so that
// every shape has this form (stories260k has K = 172), and shapes that GPTQ takes look exactly as there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/core/call.h"
#include "native/quant/round_to_nearest.h"

namespace qn {

struct CanonicalShape {
  int bits;  // 8, 4, 3 or 2
  int64_t rows, cols;
  int64_t group;  // -1: the whole row

  int64_t groups() const { return group_count(cols, group); }
  int64_t column_words() const { return (cols * bits + 31) / 32; }
  int64_t row_words() const { return (rows * bits + 31) / 32; }
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
// The first group index that does not lie in [0, groups); empty: none. Only group_index is read.
std::string group_index_problem(const Canonical& matrix);
// g_idx[k] == k / group for all k: no act-order.
bool has_contiguous_groups(const Canonical& matrix);

// Codes [rows, cols] and zeros [groups, rows], one a byte, to qweight and qzeros and back. Only the low
// `bits` of a byte are taken. Packing has no 3 bits.
void pack_codes(const CanonicalShape& shape, const uint8_t* codes, int32_t* qweight);
void pack_zeros(const CanonicalShape& shape, const uint8_t* zeros, int32_t* qzeros);
void unpack_codes(const CanonicalShape& shape, const int32_t* qweight, uint8_t* codes);
void unpack_zeros(const CanonicalShape& shape, const int32_t* qzeros, uint8_t* zeros);

// `count` codes from a word boundary on, out of words (at any alignment) that are `stride` words apart.
void unpack_words(int bits, const uint8_t* words, int64_t stride, int64_t count, uint8_t* codes);

// As "gptq" (v1) has them: 1 subtracted from all codes of a word at once. Not for 3 bits.
void subtract_one_from_zeros(const CanonicalShape& shape, int32_t* qzeros);
// The true zero points of a "gptq" (v1) checkpoint. Those of 3 bits, which lie across words, had 1 subtracted
// one by one.
void unpack_zeros_minus_one(const CanonicalShape& shape, const int32_t* qzeros, uint8_t* zeros);

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
