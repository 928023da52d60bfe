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

struct MatrixSize {
  int64_t rows, cols;
};

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

// 4-bit codes that are places in a table of 16 values, as bitsandbytes saves NF4 and FP4: value = absmax *
// table[code]. Blocks are of consecutive elements of the whole matrix, rows or not.
struct TableSource {
  MatrixSize size;
  int64_t block;     // elements that share an absmax
  FileRange codes;   // the even element of a byte in its high half
  FileRange absmax;  // float32 [blocks]; nested: uint8 [blocks]
  FileRange table;   // float32 [16]
  struct Nested {
    FileRange absmax;  // float32 [ceil(blocks / block)]
    FileRange table;   // float32 [256]
    int64_t block;
    float offset;
  };
  std::optional<Nested> nested;  // absmax = nested absmax * nested table[byte] + offset
};

// LLM.int8()'s weights as bitsandbytes saves them: value = code * absmax / 127.
struct Int8Source {
  MatrixSize size;
  FileRange codes;   // int8 [rows, cols]
  FileRange absmax;  // float32 [rows]
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

// Row-major codes in memory, [rows, cols], for the i8 target.
struct CodesSource {
  std::vector<int8_t> codes;
  int64_t rows, cols;
};

// Plain values in memory, for the values target only: column numbers, bias sums, codes, look-up tables.
struct ValuesSource {
  std::vector<uint8_t> bytes;
  int64_t count;
};

struct RandomSource {
  uint64_t seed;
  int64_t rows, cols;
};

// A Canonical's arrays must live until the source has been read.
using WeightSource = std::variant<FileSource, GptqSource, TableSource, Int8Source, QuantizedSource,
                                  ArraySource, CodesSource, ValuesSource, RandomSource, Canonical>;

// A vector counts as one row.
MatrixSize size_of(const WeightSource& source);
// What is wrong with it, if anything.
std::string size_problem(MatrixSize size);

}  // namespace qn
