// Single values of a weight matrix in panels, in scalar code: the specification of how codes, scales and
// offsets are read. For reference kernels and tests; ISA files decode whole vectors themselves.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "native/core/call.h"
#include "native/core/float16.h"

namespace qn {

struct Affine {
  float scale, offset;
};

// Element `index` of an array of T at `p`, which need not be aligned for T.
template <typename T>
T element(const std::uint8_t* p, std::int64_t index) {
  T value;
  std::memcpy(&value, p + index * static_cast<std::int64_t>(sizeof value), sizeof value);
  return value;
}

// Scale and offset of lane `lane` from one group's parameters.
inline Affine affine_at(ParamFormat format, const std::uint8_t* params, int lane) {
  if (format == ParamFormat::f32) return {element<float>(params, lane), 0};
  if (format == ParamFormat::f32_f32) {
    return {element<float>(params, lane), element<float>(params + kPanelRows * 4, lane)};
  }
  const float scale = float16_to_float(element<std::uint16_t>(params, lane));
  const std::uint8_t* second = params + kPanelRows * 2;
  if (format == ParamFormat::f16_f16) return {scale, float16_to_float(element<std::uint16_t>(second, lane))};
  return {scale, -(scale * static_cast<float>(second[lane]))};
}

// The code of lane `lane`, column `col` of an integer panel.
inline int code_at(WeightFormat format, const std::uint8_t* panel, int lane, std::int64_t col) {
  const int bits = format == WeightFormat::u8 ? 8 : format == WeightFormat::u2 ? 2 : 4;
  const int chunks_per_store = 8 / bits;  // chunks of 4 columns that share 64 bytes
  const std::int64_t chunk = col / 4;
  const std::uint8_t byte = panel[chunk / chunks_per_store * 64 + lane * 4 + col % 4];
  return byte >> (chunk % chunks_per_store * bits) & ((1 << bits) - 1);
}

// value[row][col] as float: scale * code + offset is rounded once (a fused multiply-add), and so in every
// kernel. So is the product with a table's value.
inline float value_at(const Weight& w, std::int64_t row, std::int64_t col) {
  const std::int64_t panel = row / kPanelRows;
  const int lane = static_cast<int>(row % kPanelRows);
  const std::uint8_t* codes = w.codes + panel * w.panel_bytes;
  switch (w.format) {
    case WeightFormat::f32:
      return element<float>(codes, col * kPanelRows + lane);
    case WeightFormat::f16:
      return float16_to_float(element<std::uint16_t>(codes, col * kPanelRows + lane));
    case WeightFormat::bf16:
      return bfloat16_to_float(element<std::uint16_t>(codes, col * kPanelRows + lane));
    default:
      break;
  }
  const std::uint8_t* params = w.group_params + (panel * w.groups + col / w.group) * w.param_bytes;
  const Affine affine = affine_at(w.params, params, lane);
  const int code = code_at(w.format, codes, lane, col);
  if (w.format == WeightFormat::lut4) return affine.scale * w.table[code];
  return std::fma(affine.scale, static_cast<float>(code), affine.offset);
}

}  // namespace qn
