// Element types of weights as files hold them: plain floats, ggml's block types, and plain codes, whose
// scales (if any) are elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qn {

enum class SourceType : uint8_t {
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_K,
  q3_K,
  q4_K,
  q5_K,
  q6_K,
  i8,
  u8
};

struct SourceTypeInfo {
  std::string_view name;  // as safetensors and GGUF spell it: "BF16", "Q4_K"
  int block_size;         // values in a block; 1 for floats and plain codes
  int block_bytes;
};

const SourceTypeInfo& source_type_info(SourceType type);

// Throws Error for a name that is none of them.
SourceType source_type_from_name(std::string_view name);

inline bool is_float(SourceType type) { return type <= SourceType::bf16; }
inline bool is_plain_code(SourceType type) { return type == SourceType::i8 || type == SourceType::u8; }

// Bytes of a row of `cols` values, a multiple of the block size.
inline int64_t source_row_bytes(SourceType type, int64_t cols) {
  const SourceTypeInfo& info = source_type_info(type);
  return cols / info.block_size * info.block_bytes;
}

}  // namespace qn
