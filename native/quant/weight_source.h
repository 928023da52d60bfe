// Where a weight's numbers come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "native/core/file_map.h"
#include "native/quant/canonical.h"
#include "native/quant/source_type.h"

namespace qn {

// Bytes of a mapped file.
struct FileRange {
  std::shared_ptr<const FileMap> file;
  uint64_t offset, length;
};

// A row-major [rows, cols] matrix in a file.
struct FileSource {
  FileRange bytes;  // its length must be what type, rows and cols say
  SourceType type;
  int64_t rows, cols;
  // GGUF stores the rows of q and k in interleaved rotary order: for each of so many heads of D rows, row 2i
  // + j of the file is row j * D/2 + i of the model. 0: rows as they are.
  int rope_heads;
};

// A quantized matrix in a file, as GPTQ checkpoints hold it: the arrays of canonical.h, of 8, 4, 3 or 2 bits,
// g_idx permuted by act-order or not.
struct GptqSource {
  CanonicalShape shape;
  FileRange qweight, scales;
  SourceType scale_type;  // f16, bf16 or f32
  // Exactly one of these. qzeros: int32 words; offsets: float16 [groups, rows], value = scale * code +
  // offset.
  std::optional<FileRange> qzeros, offsets;
  // "gptq" (v1): unpack_zeros_minus_one.
  bool zeros_minus_one;
  std::optional<FileRange> group_index;  // int32 [cols]; none: g_idx[k] = k / group
};

// A quantized matrix in memory, a code a byte.
struct QuantizedSource {
  CanonicalShape shape;
  std::vector<uint8_t> codes;        // [rows, cols]
  std::vector<uint16_t> scales;      // float16 [groups, rows]
  std::vector<uint8_t> zeros;        // [groups, rows], or empty
  std::vector<uint16_t> offsets;     // float16 [groups, rows], or empty; exactly one of the two
  std::vector<int32_t> group_index;  // [cols], or empty: g_idx[k] = k / group
};

// Row-major float32 values in memory, [rows, cols].
struct ArraySource {
  std::vector<float> values;
  int64_t rows, cols;
};

// Column numbers in memory, for the indices target only.
struct IndexSource {
  std::vector<int32_t> values;
};

struct RandomSource {
  uint64_t seed;
  int64_t rows, cols;
};

// A Canonical's arrays must live until the source has been read.
using WeightSource =
    std::variant<FileSource, GptqSource, QuantizedSource, ArraySource, IndexSource, RandomSource, Canonical>;

struct MatrixSize {
  int64_t rows, cols;
};

// A vector counts as one row.
MatrixSize size_of(const WeightSource& source);
// What is wrong with it, if anything.
std::string size_problem(MatrixSize size);

}  // namespace qn
