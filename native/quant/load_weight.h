// From a weight's source (a range of a mapped file, arrays, a random seed) to panels in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "native/core/aligned_buffer.h"
#include "native/core/file_map.h"
#include "native/core/thread_pool.h"
#include "native/quant/canonical.h"
#include "native/quant/panels.h"
#include "native/quant/round_to_nearest.h"
#include "native/quant/source_type.h"

namespace qn {

// A row-major [rows, cols] matrix in a file.
struct FileSource {
  std::shared_ptr<const FileMap> file;
  uint64_t offset, length;  // bytes; length must be what type, rows and cols say
  SourceType type;
  int64_t rows, cols;
  // GGUF stores the rows of q and k in interleaved rotary order: for each of so many heads of D rows, row 2i
  // + j of the file is row j * D/2 + i of the model. 0: rows as they are.
  int rope_heads;
};

struct RandomSource {
  uint64_t seed;
  int64_t rows, cols;
};

// Values in memory, for the dense target only.
struct DenseSource {
  std::vector<float> values;
};

// The arrays must live until load_weight returns. Act-order (a permuted g_idx) is refused: panels hold groups
// of consecutive columns.
using WeightSource = std::variant<FileSource, RandomSource, DenseSource, Canonical>;

enum class TargetKind : uint8_t {
  native,  // as stored: floats in their own type, ggml blocks in the panels of ggml_blocks.h, canonical codes
           // as they are
  f32,     // the stored values unquantized: f16 and bf16 keep their type (the same values in half the bytes)
  f16,     // rounded to nearest even; a value beyond the type's range is an Error
  bf16,
  integer,   // round-to-nearest by `options`
  nf4,       // 4-bit codes into NF4's table, in blocks of 64 whose absmax is quantized in turn: nf4.h
  llm_int8,  // one scale a row: llm_int8.h
  dense,     // float32 values in order, no panels: norm gains
};

struct WeightTarget {
  TargetKind kind;
  QuantizeOptions options;  // for integer
};

struct WeightRequest {
  std::string name;  // for error messages
  WeightSource source;
  WeightTarget target;
};

struct LoadedWeight {
  OwnedWeight panels;   // unless dense
  AlignedBuffer dense;  // float32 [rows * cols]
  bool is_dense = false;
  int64_t rows = 0, cols = 0;
  int64_t bytes = 0;           // in memory
  double bits_per_weight = 0;  // as a file would hold it: codes, scales, and zero points where asymmetric
};

struct LoadControl {
  ThreadPool& pool;
  const std::atomic<bool>* stop = nullptr;
  // Called on the calling thread with the number of weights done since the last call.
  std::function<void(int64_t weights)> progress;
};

// Throws Error naming the weight when the source is malformed, holds NaN or infinity, or does not go with the
// target, and Aborted when stopped. Mapped pages are given back as soon as they are read, 32 MiB at a time,
// so that a model larger than memory can be packed.
LoadedWeight load_weight(const WeightRequest& request, const LoadControl& control);

}  // namespace qn
