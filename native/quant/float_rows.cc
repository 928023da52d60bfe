#include "native/quant/float_rows.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "native/core/error.h"
#include "native/core/float16.h"

namespace qn {

static_assert(std::endian::native == std::endian::little, "weight files and panels are little-endian");

namespace {

// Converts through a small aligned buffer: a tensor in a safetensors file may start at an odd address.
template <float (*convert)(uint16_t)>
void decode_halves(const uint8_t* bytes, int64_t count, float* out) {
  constexpr int64_t kStep = 512;
  uint16_t halves[kStep];
  for (int64_t i = 0; i < count; i += kStep) {
    const int64_t n = count - i < kStep ? count - i : kStep;
    std::memcpy(halves, bytes + 2 * i, static_cast<size_t>(2 * n));
    for (int64_t j = 0; j < n; ++j) out[i + j] = convert(halves[j]);
  }
}

template <uint16_t (*convert)(float), uint16_t infinity>
void encode_halves(const float* row, int64_t count, const RowName& name, const char* type, uint16_t* out) {
  uint32_t overflow = 0;
  for (int64_t i = 0; i < count; ++i) {
    out[i] = convert(row[i]);
    overflow |= (out[i] & 0x7fffu) >= infinity ? 1u : 0u;
  }
  if (!overflow) return;
  for (int64_t i = 0; i < count; ++i) {
    if ((out[i] & 0x7fffu) >= infinity && std::isfinite(row[i])) {
      throw Error(name.element(i) + ": " + std::to_string(row[i]) + " does not fit " + type);
    }
  }
}

}  // namespace

std::string RowName::element(int64_t i) const {
  return "tensor '" + std::string(tensor) + "' [" + std::to_string(row) + ", " + std::to_string(column + i) +
         "]";
}

void decode_floats(SourceType type, const uint8_t* bytes, int64_t count, float* out) {
  switch (type) {
    case SourceType::f32:
      std::memcpy(out, bytes, static_cast<size_t>(4 * count));
      return;
    case SourceType::f16:
      decode_halves<float16_to_float>(bytes, count, out);
      return;
    case SourceType::bf16:
      decode_halves<bfloat16_to_float>(bytes, count, out);
      return;
    default:
      throw Error("decode_floats: " + std::string(source_type_info(type).name) + " is a block type");
  }
}

void check_finite(const float* row, int64_t count, const RowName& name) {
  // An exponent of all ones, and only that, carries into the sign bit.
  uint32_t carry = 0;
  for (int64_t i = 0; i < count; ++i) {
    carry |= (std::bit_cast<uint32_t>(row[i]) & 0x7fffffffu) + 0x00800000u;
  }
  if (!(carry >> 31)) return;
  for (int64_t i = 0; i < count; ++i) {
    if (std::isfinite(row[i])) continue;
    throw Error(name.element(i) + ": expected a finite weight, found " +
                (std::isnan(row[i]) ? "NaN" : "infinity"));
  }
}

void encode_float16(const float* row, int64_t count, const RowName& name, uint16_t* out) {
  encode_halves<float_to_float16, 0x7c00>(row, count, name, "float16 (65504)", out);
}

void encode_bfloat16(const float* row, int64_t count, const RowName& name, uint16_t* out) {
  encode_halves<float_to_bfloat16, 0x7f80>(row, count, name, "bfloat16", out);
}

}  // namespace qn
