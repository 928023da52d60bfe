// Block layouts: ggml, src/ggml-common.h (block_q4_0 ... block_q6_K) and the dequantize_row_* functions of
// src/ggml-quants.c, which define what the bits mean. Numbers in comments are byte offsets inside a block.
#include "native/quant/ggml_blocks.h"

#include <cstring>

#include "native/core/error.h"
#include "native/core/float16.h"

namespace qn {
namespace {

float read_float16(const uint8_t* p) {
  uint16_t h;
  std::memcpy(&h, p, 2);
  return float16_to_float(h);
}

uint32_t read_u32(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}

// Types of 32 values: low nibbles hold values 0..15, high nibbles 16..31, bit j of `high` is bit 4 of value
// j.
void nibbles_32(const uint8_t* q, uint32_t high, uint8_t* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = static_cast<uint8_t>((q[j] & 15) | (high >> j & 1) << 4);
    codes[j + 16] = static_cast<uint8_t>(q[j] >> 4 | (high >> (j + 16) & 1) << 4);
  }
}

// 0 float16 d, 2 nibbles
void q4_0(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  scale[0] = read_float16(b);
  offset[0] = -(scale[0] * 8);
  nibbles_32(b + 2, 0, codes);
}

// 0 float16 d, 2 float16 m, 4 nibbles
void q4_1(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  scale[0] = read_float16(b);
  offset[0] = read_float16(b + 2);
  nibbles_32(b + 4, 0, codes);
}

// 0 float16 d, 2 fifth bits, 6 nibbles
void q5_0(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  scale[0] = read_float16(b);
  offset[0] = -(scale[0] * 16);
  nibbles_32(b + 6, read_u32(b + 2), codes);
}

// 0 float16 d, 2 float16 m, 4 fifth bits, 8 nibbles
void q5_1(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  scale[0] = read_float16(b);
  offset[0] = read_float16(b + 2);
  nibbles_32(b + 8, read_u32(b + 4), codes);
}

// 0 float16 d, 2 int8 values
void q8_0(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  scale[0] = read_float16(b);
  offset[0] = -(scale[0] * 128);
  for (int j = 0; j < 32; ++j) codes[j] = b[2 + j] ^ 0x80;  // int8 + 128
}

// 0 scales[16] (scale low, min high nibble), 16 two-bit codes, 80 float16 d, 82 float16 dmin
void q2_K(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  const float d = read_float16(b + 80), dmin = read_float16(b + 82);
  for (int g = 0; g < 16; ++g) {
    scale[g] = d * (b[g] & 15);
    offset[g] = -(dmin * (b[g] >> 4));
  }
  for (int i = 0; i < 256; ++i) codes[i] = b[16 + (i >> 7) * 32 + (i & 31)] >> (i >> 5 & 3) * 2 & 3;
}

// 0 third bits, 32 two-bit codes, 96 six-bit scales, 108 float16 d
void q3_K(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  const float d = read_float16(b + 108);
  const uint8_t* s = b + 96;
  for (int g = 0; g < 16; ++g) {
    // Low four bits: nibbles of bytes 0..7 (low for groups 0..7); high two bits: two-bit fields of
    // bytes 8..11.
    const int low = g < 8 ? s[g] & 15 : s[g - 8] >> 4;
    const int high = s[8 + g % 4] >> (g / 4) * 2 & 3;
    scale[g] = d * ((low | high << 4) - 32);
    offset[g] = -(scale[g] * 4);
  }
  for (int i = 0; i < 256; ++i) {
    const int low = b[32 + (i >> 7) * 32 + (i & 31)] >> (i >> 5 & 3) * 2 & 3;
    codes[i] = static_cast<uint8_t>(low | (b[i & 31] >> (i >> 5) & 1) << 2);
  }
}

// Q4_K and Q5_K: 0 float16 d, 2 float16 dmin, 4 eight six-bit scales and eight six-bit minima in 12 bytes.
void k_scales(const uint8_t* b, float* scale, float* offset) {
  const float d = read_float16(b), dmin = read_float16(b + 2);
  const uint8_t* s = b + 4;
  for (int g = 0; g < 8; ++g) {
    const int sc = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | (s[g - 4] >> 6) << 4;
    const int min = g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | (s[g] >> 6) << 4;
    scale[g] = d * sc;
    offset[g] = -(dmin * min);
  }
}

// 16 nibbles
void q4_K(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  k_scales(b, scale, offset);
  for (int i = 0; i < 256; ++i) codes[i] = b[16 + (i >> 6) * 32 + (i & 31)] >> (i >> 5 & 1) * 4 & 15;
}

// 16 fifth bits, 48 nibbles
void q5_K(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  k_scales(b, scale, offset);
  for (int i = 0; i < 256; ++i) {
    const int low = b[48 + (i >> 6) * 32 + (i & 31)] >> (i >> 5 & 1) * 4 & 15;
    codes[i] = static_cast<uint8_t>(low | (b[16 + (i & 31)] >> (i >> 5) & 1) << 4);
  }
}

// 0 nibbles, 128 bits 4 and 5, 192 int8 scales[16], 208 float16 d
void q6_K(const uint8_t* b, uint8_t* codes, float* scale, float* offset) {
  const float d = read_float16(b + 208);
  for (int g = 0; g < 16; ++g) {
    scale[g] = d * static_cast<int8_t>(b[192 + g]);
    offset[g] = -(scale[g] * 32);
  }
  for (int i = 0; i < 256; ++i) {
    const int half = i >> 7, quarter = i >> 5 & 3;
    const int low = b[half * 64 + (quarter & 1) * 32 + (i & 31)] >> (quarter >> 1) * 4 & 15;
    const int high = b[128 + half * 32 + (i & 31)] >> quarter * 2 & 3;
    codes[i] = static_cast<uint8_t>(low | high << 4);
  }
}

using UnpackBlock = void (*)(const uint8_t* block, uint8_t* codes, float* scale, float* offset);

struct BlockType {
  BlockCodes codes;
  UnpackBlock unpack;
};

using enum WeightFormat;

constexpr BlockType kBlockTypes[] = {
    // in the order of SourceType, from q4_0
    {{u4, ParamFormat::f16_u8, 32, 8}, q4_0},   {{u4, ParamFormat::f16_f16, 32, -1}, q4_1},
    {{u8, ParamFormat::f16_u8, 32, 16}, q5_0},  {{u8, ParamFormat::f16_f16, 32, -1}, q5_1},
    {{u8, ParamFormat::f16_u8, 32, 128}, q8_0}, {{u2, ParamFormat::f32_f32, 16, -1}, q2_K},
    {{u4, ParamFormat::f32_f32, 16, 4}, q3_K},  {{u4, ParamFormat::f32_f32, 32, -1}, q4_K},
    {{u8, ParamFormat::f32_f32, 32, -1}, q5_K}, {{u8, ParamFormat::f32_f32, 16, 32}, q6_K},
};

const BlockType& block_type(SourceType type) {
  if (is_float(type)) throw Error("expected a block type, got " + std::string(source_type_info(type).name));
  return kBlockTypes[static_cast<int>(type) - static_cast<int>(SourceType::q4_0)];
}

}  // namespace

const BlockCodes& block_codes(SourceType type) { return block_type(type).codes; }

void unpack_blocks(SourceType type, const uint8_t* blocks, int64_t count, uint8_t* codes, float* scale,
                   float* offset) {
  const BlockType& how = block_type(type);
  const SourceTypeInfo& info = source_type_info(type);
  const int groups = info.block_size / how.codes.group;
  for (int64_t b = 0; b < count / info.block_size; ++b) {
    how.unpack(blocks + b * info.block_bytes, codes + b * info.block_size, scale + b * groups,
               offset + b * groups);
  }
}

}  // namespace qn
