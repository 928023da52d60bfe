// Weight panels (Weight in call.h) as floats: the values of native/core/weight_value.h, 16 rows of a column
// at a time. Include codes_avx2.h or codes_avx512.h first, which define
//
//   Word, load_word(p)       64 bytes of codes
//   code<kFormat, i>(word)   column i of a word as 16 floats
//   Table, load_table(p)     the 16 values of a codebook
//   look_up<i>(word, table)  column i of a word of 4-bit codes, each the place of a value in the table
//   load_bytes(p), load_bfloat16(p)  16 of them as floats
#pragma once

#include <stdint.h>

#include "native/core/call.h"

namespace qn {
namespace {

template <WeightFormat kFormat>
inline constexpr bool kIsFloat =
    kFormat == WeightFormat::f32 || kFormat == WeightFormat::f16 || kFormat == WeightFormat::bf16;

// Columns that one step decodes, and the bytes of a panel that hold them.
template <WeightFormat kFormat>
inline constexpr int kStepColumns = kIsFloat<kFormat>             ? 1
                                    : kFormat == WeightFormat::u8 ? 4
                                    : kFormat == WeightFormat::u2 ? 16
                                                                  : 8;
template <WeightFormat kFormat>
inline constexpr int kStepBytes = kFormat == WeightFormat::f16 || kFormat == WeightFormat::bf16 ? 32 : 64;

// Calls body<0>(), body<1>(), ... body<n - 1>(): column numbers must be constants for the shuffles and
// shifts.
template <int n, int i = 0, typename Body>
QN_INLINE void unroll(const Body& body) {
  if constexpr (i < n) {
    body.template operator()<i>();
    unroll<n, i + 1>(body);
  }
}

template <WeightFormat kFormat>
QN_INLINE Lanes load_values(const uint8_t* p) {
  if constexpr (kFormat == WeightFormat::f32) return load(reinterpret_cast<const float*>(p));
  if constexpr (kFormat == WeightFormat::f16) return load(reinterpret_cast<const uint16_t*>(p));
  return load_bfloat16(p);
}

// Scale and offset of 16 rows for one group of columns.
struct Affine {
  Lanes scale, offset;
};

QN_INLINE Affine load_affine(ParamFormat format, const uint8_t* p) {
  const float* floats = reinterpret_cast<const float*>(p);
  if (format == ParamFormat::f32) return {load(floats), zero_lanes()};
  if (format == ParamFormat::f32_f32) return {load(floats), load(floats + kPanelRows)};
  const uint16_t* halves = reinterpret_cast<const uint16_t*>(p);
  const Lanes scale = load(halves);
  if (format == ParamFormat::f16_f16) return {scale, load(halves + kPanelRows)};
  // -(scale * zero), rounded once, and -0 where the product is +0, as in the reference.
  return {scale, sub(broadcast(-0.0f), mul(scale, load_bytes(p + 2 * kPanelRows)))};
}

// What a code means, besides its group's scale and offset: nothing, or a table's value.
struct NoTable {};

template <WeightFormat kFormat>
QN_INLINE auto table_of(const Weight& w) {
  if constexpr (kFormat == WeightFormat::lut4) {
    return load_table(w.table);
  } else {
    return NoTable{};
  }
}

// Column i of a word: the values that float_reference.cc multiplies with, rounded once.
template <WeightFormat kFormat, int i, typename T>
QN_INLINE Lanes decode(const Word& word, const Affine& affine, const T& table) {
  if constexpr (kFormat == WeightFormat::lut4) {
    return mul(affine.scale, look_up<i>(word, table));
  } else {
    return fma(affine.scale, code<kFormat, i>(word), affine.offset);
  }
}

// Columns [begin, end) of a panel as floats [columns][16]. A matrix of codes is read by steps: `begin` is a
// multiple of one, and the last step is written whole.
template <WeightFormat kFormat>
void dequantize(const Weight& w, int64_t panel, int64_t begin, int64_t end, float* to) {
  const uint8_t* codes = w.codes + panel * w.panel_bytes;
  constexpr int kColumns = kStepColumns<kFormat>;
  if constexpr (kIsFloat<kFormat>) {
    for (int64_t k = begin; k < end; ++k, to += kPanelRows)
      store(to, load_values<kFormat>(codes + k * kStepBytes<kFormat>));
  } else {
    const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
    const auto table = table_of<kFormat>(w);
    for (int64_t k = begin; k < end;) {
      const int64_t group = k / w.group;
      const Affine affine = load_affine(w.params, params + group * w.param_bytes);
      const int64_t group_end = (group + 1) * w.group < end ? (group + 1) * w.group : end;
      for (; k < group_end; k += kColumns, to += kColumns * kPanelRows) {
        const Word word = load_word(codes + k / kColumns * kStepBytes<kFormat>);
        unroll<kColumns>([&]<int i>() QN_LAMBDA_INLINE {
          store(to + i * kPanelRows, decode<kFormat, i>(word, affine, table));
        });
      }
    }
  }
}

inline constexpr int64_t kGreatestStepColumns = 16;

// The same of a format that is known at run time.
inline void dequantize(const Weight& w, int64_t panel, int64_t begin, int64_t end, float* to) {
  switch (w.format) {
    case WeightFormat::f32:
      return dequantize<WeightFormat::f32>(w, panel, begin, end, to);
    case WeightFormat::f16:
      return dequantize<WeightFormat::f16>(w, panel, begin, end, to);
    case WeightFormat::bf16:
      return dequantize<WeightFormat::bf16>(w, panel, begin, end, to);
    case WeightFormat::u8:
      return dequantize<WeightFormat::u8>(w, panel, begin, end, to);
    case WeightFormat::u4:
      return dequantize<WeightFormat::u4>(w, panel, begin, end, to);
    case WeightFormat::u2:
      return dequantize<WeightFormat::u2>(w, panel, begin, end, to);
    case WeightFormat::lut4:
      return dequantize<WeightFormat::lut4>(w, panel, begin, end, to);
    case WeightFormat::i8:
      return;  // has no scales of its own
  }
}

}  // namespace
}  // namespace qn
