#include "native/quant/random_weight.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "native/core/float16.h"

namespace qn {
namespace {

// SplitMix64 (Steele, Lea and Flood, 2014): any state is a good seed, so that every panel can have a
// generator of its own.
class SplitMix64 {
 public:
  SplitMix64(uint64_t seed, int64_t panel) : state_(seed) { state_ = next() ^ static_cast<uint64_t>(panel); }

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

  // In [-1, 1).
  static float uniform(uint32_t bits) { return static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-31f; }

 private:
  uint64_t state_;
};

int rows_in_panel(const Weight& view, int64_t panel) {
  return static_cast<int>(std::min<int64_t>(kPanelRows, view.rows - panel * kPanelRows));
}

void random_bytes(SplitMix64& random, uint8_t mask, int64_t count, uint8_t* out) {
  const uint64_t masks = 0x0101010101010101u * mask;
  for (int64_t i = 0; i < count; i += 8) {
    const uint64_t bytes = random.next() & masks;
    std::memcpy(out + i, &bytes, static_cast<size_t>(std::min<int64_t>(8, count - i)));
  }
}

template <class Element, class Convert>
void random_elements(SplitMix64& random, float bound, int64_t count, Convert convert, Element* out) {
  for (int64_t i = 0; i < count; i += 2) {
    const uint64_t bits = random.next();
    out[i] = convert(bound * SplitMix64::uniform(static_cast<uint32_t>(bits)));
    if (i + 1 < count) out[i + 1] = convert(bound * SplitMix64::uniform(static_cast<uint32_t>(bits >> 32)));
  }
}

// Of uniform codes 0 ... 2^b - 1 around their middle, whose variance is (4^b - 1) / 12; of a table's values
// around 0.
float code_deviation(const Weight& view, int max_code) {
  if (view.format != WeightFormat::lut4) {
    return std::sqrt(static_cast<float>((max_code + 1) * (max_code + 1) - 1) / 12);
  }
  float squares = 0;
  for (int i = 0; i <= max_code; ++i) squares += view.table[i] * view.table[i];
  return std::sqrt(squares / static_cast<float>(max_code + 1));
}

}  // namespace

void fill_random_codes(uint64_t seed, bool symmetric, PanelRows& rows, OwnedWeight& weight, int64_t panel) {
  const Weight& view = weight.view;
  const int bits = view.format == WeightFormat::u8 ? 8 : view.format == WeightFormat::u2 ? 2 : 4;
  const int max_code = (1 << bits) - 1;
  const float mean_scale = 1 / (std::sqrt(static_cast<float>(view.cols)) * code_deviation(view, max_code));
  SplitMix64 random(seed, panel);
  const int count = rows_in_panel(view, panel);
  rows.clear_rows(count);
  for (int r = 0; r < count; ++r) {
    random_bytes(random, static_cast<uint8_t>(max_code), view.cols, rows.codes(r));
    for (int64_t g = 0; g < view.groups; ++g) {
      const uint64_t bits_of_group = random.next();
      rows.scale(r)[g] = mean_scale * (1 + 0.25f * SplitMix64::uniform(static_cast<uint32_t>(bits_of_group)));
      const int below = symmetric ? 0 : static_cast<int>(bits_of_group >> 63);
      rows.zero(r)[g] = static_cast<uint8_t>((max_code + 1) / 2 - below);
    }
  }
  store_panel(rows, weight, panel);
}

void fill_random_floats(uint64_t seed, uint8_t* elements, OwnedWeight& weight, int64_t panel) {
  const Weight& view = weight.view;
  // Uniform in [-a, a) has the deviation a / sqrt(3).
  const float bound = std::sqrt(3 / static_cast<float>(view.cols));
  const int64_t count = rows_in_panel(view, panel) * view.cols;
  SplitMix64 random(seed, panel);
  std::memset(elements, 0,
              static_cast<size_t>(kPanelRows * view.cols * (view.format == WeightFormat::f32 ? 4 : 2)));
  if (view.format == WeightFormat::f32) {
    random_elements(
        random, bound, count, [](float x) { return x; }, reinterpret_cast<float*>(elements));
  } else if (view.format == WeightFormat::f16) {
    random_elements(random, bound, count, float_to_float16, reinterpret_cast<uint16_t*>(elements));
  } else {
    random_elements(random, bound, count, float_to_bfloat16, reinterpret_cast<uint16_t*>(elements));
  }
  store_float_panel(elements, weight, panel);
}

}  // namespace qn
