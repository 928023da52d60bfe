#include "native/quant/nf4.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace qn {
namespace {

// With Q the quantile function of the normal distribution and p = 0.9677083, the mean of 1 - 1/30 and 1 -
// 1/32, which keeps both ends finite: 8 positive values Q(linspace(p, 1/2, 9)) without the last, 0, and 7
// negative ones -Q(linspace(p, 1/2, 8)) without the last, all divided by Q(p).
alignas(64) constexpr std::array<float, kNf4Values> kNf4 = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

// 7 decades below 1, decade i (10^(i - 7), 10^(i - 6)] cut into 2^i equal parts whose middles are values, of
// either sign; then 0 and 1.
std::array<float, 256> make_dynamic_map() {
  std::array<float, 256> map{};
  std::size_t count = 0;
  for (int decade = 0; decade < 7; ++decade) {
    const int parts = 1 << decade;
    for (int part = 0; part < parts; ++part) {
      const double middle = 0.1 + 0.9 * (part + 0.5) / parts;
      const float value = static_cast<float>(std::pow(10.0, decade - 6) * middle);
      map[count++] = value;
      map[count++] = -value;
    }
  }
  map[count++] = 0;
  map[count++] = 1;
  std::sort(map.begin(), map.end());
  return map;
}

float greatest_magnitude(std::span<const float> values) {
  float greatest = 0;
  for (const float x : values) greatest = std::max(greatest, std::fabs(x));
  return greatest;
}

// The place of the value of an ascending table that is nearest to x; of two equally near, the lower.
std::size_t nearest(std::span<const float> table, float x) {
  const std::size_t above =
      static_cast<std::size_t>(std::lower_bound(table.begin(), table.end(), x) - table.begin());
  if (above == 0) return 0;
  if (above == table.size()) return table.size() - 1;
  return table[above] - x < x - table[above - 1] ? above : above - 1;
}

}  // namespace

std::span<const float, kNf4Values> nf4_table() { return kNf4; }

std::span<const float, 256> dynamic_map() {
  static const std::array<float, 256> map = make_dynamic_map();
  return map;
}

void quantize_nf4_row(const float* row, int64_t cols, uint8_t* codes, float* absmax) {
  // A value lies nearest to code c when it is above c of the middles between neighbours.
  std::array<float, kNf4Values - 1> middles;
  for (std::size_t i = 0; i < middles.size(); ++i) middles[i] = (kNf4[i] + kNf4[i + 1]) / 2;
  for (int64_t begin = 0; begin < cols; begin += kNf4Block) {
    const std::size_t n = static_cast<std::size_t>(std::min(kNf4Block, cols - begin));
    const float greatest = greatest_magnitude({row + begin, n});
    for (std::size_t i = 0; i < n; ++i) {
      const float x = greatest > 0 ? row[begin + static_cast<int64_t>(i)] / greatest : 0.0f;
      int code = 0;
      for (const float middle : middles) code += x > middle;
      codes[begin + static_cast<int64_t>(i)] = static_cast<uint8_t>(code);
    }
    absmax[begin / kNf4Block] = greatest;
  }
}

void double_quantize(std::span<float> absmax) {
  const double sum = std::accumulate(absmax.begin(), absmax.end(), 0.0);
  const float mean = static_cast<float>(sum / static_cast<double>(absmax.size()));
  const std::span<const float, 256> map = dynamic_map();
  for (float& x : absmax) x -= mean;
  for (std::size_t begin = 0; begin < absmax.size(); begin += kAbsmaxBlock) {
    const std::span<float> block =
        absmax.subspan(begin, std::min<std::size_t>(kAbsmaxBlock, absmax.size() - begin));
    const float greatest = greatest_magnitude(block);
    for (float& x : block) x = greatest * map[nearest(map, greatest > 0 ? x / greatest : 0.0f)] + mean;
  }
}

double nf4_bits_per_weight(int64_t rows, int64_t cols) {
  const int64_t blocks = rows * ((cols + kNf4Block - 1) / kNf4Block);
  const int64_t nested = (blocks + kAbsmaxBlock - 1) / kAbsmaxBlock;
  return 4 + static_cast<double>(8 * blocks + 32 * nested + 32) / static_cast<double>(rows * cols);
}

}  // namespace qn
