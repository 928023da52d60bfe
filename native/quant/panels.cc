#include "native/quant/panels.h"

#include <algorithm>
#include <cstring>

#include "native/core/float16.h"

namespace qn {
namespace {

int element_bytes(WeightFormat format) { return format == WeightFormat::f32 ? 4 : 2; }

int bits_of(WeightFormat format) {
  return format == WeightFormat::u8 ? 8 : format == WeightFormat::u2 ? 2 : 4;
}

int bytes_of(ParamFormat params) {
  switch (params) {
    case ParamFormat::f16_u8:
      return 48;
    case ParamFormat::f16_f16:
    case ParamFormat::f32:
      return 64;
    default:
      return 128;
  }
}

OwnedWeight allocate(Weight view) {
  view.panels = (view.rows + kPanelRows - 1) / kPanelRows;
  OwnedWeight weight;
  weight.codes = AlignedBuffer(static_cast<size_t>(view.panels * view.panel_bytes));
  weight.params = AlignedBuffer(static_cast<size_t>(view.panels * view.groups * view.param_bytes));
  weight.bytes = static_cast<int64_t>(weight.codes.size() + weight.params.size());
  view.codes = weight.codes.data();
  view.group_params = weight.params.data();
  weight.view = view;
  return weight;
}

// Bytes of 4 columns are one word: a chunk is 16 words, word r from row r. kBits of each byte are used, so 8
// / kBits chunks share 64 bytes, chunk i shifted left by i * kBits.
template <int kBits>
void interleave(const uint8_t* rows, int64_t padded_cols, uint8_t* panel) {
  constexpr int kShared = 8 / kBits;
  for (int64_t k = 0; k < padded_cols; k += 4 * kShared, panel += 4 * kPanelRows) {
    uint32_t packed[kPanelRows];
    for (int r = 0; r < kPanelRows; ++r) {
      uint32_t words[kShared];
      std::memcpy(words, rows + r * padded_cols + k, sizeof(words));
      packed[r] = words[0];
      for (int i = 1; i < kShared; ++i) packed[r] |= words[i] << (i * kBits);
    }
    std::memcpy(panel, packed, sizeof(packed));
  }
}

template <int kBits>
void deinterleave(const uint8_t* panel, int64_t padded_cols, uint8_t* rows) {
  constexpr int kShared = 8 / kBits;
  constexpr uint32_t kMask = 0x01010101u * ((1u << kBits) - 1);
  for (int64_t k = 0; k < padded_cols; k += 4 * kShared, panel += 4 * kPanelRows) {
    uint32_t packed[kPanelRows];
    std::memcpy(packed, panel, sizeof(packed));
    for (int r = 0; r < kPanelRows; ++r) {
      for (int i = 0; i < kShared; ++i) {
        const uint32_t word = packed[r] >> (i * kBits) & kMask;
        std::memcpy(rows + r * padded_cols + k + 4 * i, &word, 4);
      }
    }
  }
}

// Row by row within a few columns: rows are often a power of two apart, where 16 cache lines would share one
// set.
template <class Element>
void interleave_floats(const Element* rows, int64_t cols, Element* panel) {
  constexpr int64_t kBlock = 64 / sizeof(Element);
  for (int64_t begin = 0; begin < cols; begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, cols);
    for (int r = 0; r < kPanelRows; ++r) {
      for (int64_t k = begin; k < end; ++k) panel[k * kPanelRows + r] = rows[r * cols + k];
    }
  }
}

// One group's parameters of 16 rows.
struct GroupParams {
  uint16_t* halves;
  float* floats;
  uint8_t* zeros;  // f16_u8
};

GroupParams group_params(const Weight& weight, int64_t panel, int64_t group) {
  uint8_t* p =
      const_cast<uint8_t*>(weight.group_params) + (panel * weight.groups + group) * weight.param_bytes;
  return {reinterpret_cast<uint16_t*>(p), reinterpret_cast<float*>(p), p + 2 * kPanelRows};
}

}  // namespace

OwnedWeight allocate_float_panels(WeightFormat format, int64_t rows, int64_t cols) {
  Weight view{};
  view.format = format;
  view.params = ParamFormat::none;
  view.rows = rows;
  view.cols = view.padded_cols = cols;
  view.panel_bytes = cols * kPanelRows * element_bytes(format);
  OwnedWeight weight = allocate(view);
  weight.view.group_params = nullptr;
  weight.bits_per_weight = 8 * element_bytes(format);
  return weight;
}

OwnedWeight allocate_code_panels(WeightFormat format, ParamFormat params, int64_t rows, int64_t cols,
                                 int64_t group) {
  Weight view{};
  view.format = format;
  view.params = params;
  view.rows = rows;
  view.cols = cols;
  view.unit = group < 0 || group % 64 == 0 ? 64 : group % 32 == 0 ? 32 : 16;
  view.padded_cols = (cols + view.unit - 1) / view.unit * view.unit;
  view.group = static_cast<int32_t>(group < 0 ? view.padded_cols : group);
  view.groups = static_cast<int32_t>((cols + view.group - 1) / view.group);
  view.panel_bytes = view.padded_cols * kPanelRows * bits_of(format) / 8;
  view.param_bytes = bytes_of(params);
  return allocate(view);
}

OwnedWeight allocate_table_panels(std::span<const float, 16> table, int64_t rows, int64_t cols,
                                  int64_t group) {
  OwnedWeight weight = allocate_code_panels(WeightFormat::lut4, ParamFormat::f32, rows, cols, group);
  weight.table = AlignedBuffer(table.size_bytes());
  std::memcpy(weight.table.data(), table.data(), table.size_bytes());
  weight.view.table = reinterpret_cast<const float*>(weight.table.data());
  return weight;
}

OwnedWeight allocate_tap_panels(int64_t rows, int64_t cols, int64_t tap_cols) {
  const int64_t taps = cols / tap_cols;
  Weight view{};
  view.format = WeightFormat::i8;
  view.params = ParamFormat::none;
  view.rows = rows;
  view.cols = cols;
  view.tap_cols = tap_cols;
  view.padded_cols = taps * padded_tap_cols(tap_cols);
  view.panel_bytes = view.padded_cols * kPanelRows;
  OwnedWeight weight = allocate(view);
  weight.view.group_params = nullptr;
  weight.tap_sums =
      AlignedBuffer(static_cast<size_t>(taps * weight.view.panels * kPanelRows) * sizeof(int32_t));
  std::memset(weight.tap_sums.data(), 0, weight.tap_sums.size());
  weight.view.tap_sums = reinterpret_cast<const int32_t*>(weight.tap_sums.data());
  weight.bytes += static_cast<int64_t>(weight.tap_sums.size());
  weight.bits_per_weight = 8;
  return weight;
}

PanelRows::PanelRows(int64_t padded_cols, int64_t groups)
    : padded_cols_(padded_cols),
      groups_(groups),
      codes_(static_cast<size_t>(kPanelRows * padded_cols)),
      scale_(static_cast<size_t>(kPanelRows * groups) * sizeof(float)),
      offset_(static_cast<size_t>(kPanelRows * groups) * sizeof(float)),
      zero_(static_cast<size_t>(kPanelRows * groups)) {
  clear_rows(0);
}

void PanelRows::clear_rows(int from) {
  if (from >= kPanelRows) return;
  const size_t count = static_cast<size_t>(kPanelRows - from), groups = static_cast<size_t>(groups_);
  std::memset(codes(from), 0, count * static_cast<size_t>(padded_cols_));
  std::memset(scale(from), 0, count * groups * sizeof(float));
  std::memset(offset(from), 0, count * groups * sizeof(float));
  std::memset(zero(from), 0, count * groups);
}

void store_panel(const PanelRows& rows, OwnedWeight& weight, int64_t panel) {
  const Weight& view = weight.view;
  uint8_t* codes = weight.codes.data() + panel * view.panel_bytes;
  switch (view.format) {
    case WeightFormat::u8:
    case WeightFormat::i8:
      interleave<8>(rows.codes(0), view.padded_cols, codes);
      break;
    case WeightFormat::u4:
    case WeightFormat::lut4:
      interleave<4>(rows.codes(0), view.padded_cols, codes);
      break;
    default:
      interleave<2>(rows.codes(0), view.padded_cols, codes);
      break;
  }
  for (int64_t g = 0; g < view.groups; ++g) {
    const GroupParams to = group_params(view, panel, g);
    for (int r = 0; r < kPanelRows; ++r) {
      if (view.params == ParamFormat::f32_f32 || view.params == ParamFormat::f32) {
        to.floats[r] = rows.scale(r)[g];
        if (view.params == ParamFormat::f32_f32) to.floats[kPanelRows + r] = rows.offset(r)[g];
        continue;
      }
      to.halves[r] = float_to_float16(rows.scale(r)[g]);
      if (view.params == ParamFormat::f16_u8) {
        to.zeros[r] = rows.zero(r)[g];
      } else {
        to.halves[kPanelRows + r] = float_to_float16(rows.offset(r)[g]);
      }
    }
  }
}

void load_panel(const Weight& weight, int64_t panel, PanelRows& rows) {
  const uint8_t* codes = weight.codes + panel * weight.panel_bytes;
  switch (weight.format) {
    case WeightFormat::u8:
    case WeightFormat::i8:
      deinterleave<8>(codes, weight.padded_cols, rows.codes(0));
      break;
    case WeightFormat::u4:
    case WeightFormat::lut4:
      deinterleave<4>(codes, weight.padded_cols, rows.codes(0));
      break;
    default:
      deinterleave<2>(codes, weight.padded_cols, rows.codes(0));
      break;
  }
  for (int64_t g = 0; g < weight.groups; ++g) {
    const GroupParams from = group_params(weight, panel, g);
    for (int r = 0; r < kPanelRows; ++r) {
      if (weight.params == ParamFormat::f32_f32 || weight.params == ParamFormat::f32) {
        rows.scale(r)[g] = from.floats[r];
        if (weight.params == ParamFormat::f32_f32) rows.offset(r)[g] = from.floats[kPanelRows + r];
        continue;
      }
      rows.scale(r)[g] = float16_to_float(from.halves[r]);
      if (weight.params == ParamFormat::f16_u8) {
        rows.zero(r)[g] = from.zeros[r];
        rows.offset(r)[g] = -(rows.scale(r)[g] * static_cast<float>(from.zeros[r]));
      } else {
        rows.offset(r)[g] = float16_to_float(from.halves[kPanelRows + r]);
      }
    }
  }
}

void store_float_panel(const void* elements, OwnedWeight& weight, int64_t panel) {
  const Weight& view = weight.view;
  uint8_t* to = weight.codes.data() + panel * view.panel_bytes;
  if (view.format == WeightFormat::f32) {
    interleave_floats(static_cast<const uint32_t*>(elements), view.cols, reinterpret_cast<uint32_t*>(to));
  } else {
    interleave_floats(static_cast<const uint16_t*>(elements), view.cols, reinterpret_cast<uint16_t*>(to));
  }
}

}  // namespace qn
