#include "native/quant/grid.h"

#include <algorithm>
#include <bit>

namespace qn {
namespace {

// Adding 1.5 * 2^23 leaves the integer nearest to x (ties to even) in the low bits, for |x| < 2^22. It is
// what makes the loops below vectorise on every CPU: SSE2 has no rounding instruction.
constexpr float kRoundMagic = 12582912.0f;
constexpr int32_t kRoundMagicBits = 0x4B400000;

// Independent lanes turn a reduction, whose order the compiler must keep, into vector operations.
constexpr int kSums = 16;

// More than this gains nothing.
constexpr int kRefits = 8;

struct Range {
  float lo, hi;
};

float clamp(float x, float lo, float hi) {
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
}

// For |x| < 2^22.
float round_half_even(float x) { return (x + kRoundMagic) - kRoundMagic; }

float to_float16(float x) { return float16_to_float(float_to_float16(x)); }

// The range of the group and `origin`.
Range range_of(const float* w, int64_t n, float origin) {
  float lo[kSums], hi[kSums];
  std::fill_n(lo, kSums, origin);
  std::fill_n(hi, kSums, origin);
  int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (int j = 0; j < kSums; ++j) {
      lo[j] = w[i + j] < lo[j] ? w[i + j] : lo[j];
      hi[j] = w[i + j] > hi[j] ? w[i + j] : hi[j];
    }
  }
  for (; i < n; ++i) {
    lo[0] = std::min(lo[0], w[i]);
    hi[0] = std::max(hi[0], w[i]);
  }
  return {*std::min_element(lo, lo + kSums), *std::max_element(hi, hi + kSums)};
}

// An infinite scale means that it does not fit float16.
Grid grid_of(Range range, const GridOptions& options) {
  const float max_code = static_cast<float>(options.max_code());
  const bool symmetric = options.kind == GridKind::symmetric;
  if (symmetric) {
    range.hi = std::max(-range.lo, range.hi);
    range.lo = -range.hi;
  }
  float scale = (range.hi - range.lo) / max_code;
  if (!(scale > 0)) {  // all zeros, or so small that the scale underflows
    range = {options.kind == GridKind::offset ? 0.0f : -1.0f, 1};
    scale = 2 / max_code;
  }
  const float rounded = to_float16(scale);
  const float positive = rounded > 0 ? rounded : kFloat16Smallest;
  if (options.kind == GridKind::offset) return {positive, 0, to_float16(range.lo)};
  const float zero =
      symmetric ? static_cast<float>(1 << (options.bits - 1)) : round_half_even(-range.lo / scale);
  return {positive, static_cast<int>(clamp(zero, 0, max_code)), 0};
}

// The bounds of a level's number relative to the base. Values are clamped before they are rounded, which
// gives the same codes, since the bounds are whole numbers, and keeps the magic in range.
struct Bounds {
  float lo, hi;
};
Bounds bounds_of(const Grid& grid, int max_code) {
  return {static_cast<float>(-grid.zero), static_cast<float>(max_code - grid.zero)};
}

// The weighted sum of squared errors, fast enough to try many grids: multiplied by 1 / scale, and summed in
// float.
template <bool kWeighted>
float approximate_error(const float* w, int64_t n, const Grid& grid, int max_code, const float* importance) {
  const Bounds bounds = bounds_of(grid, max_code);
  const float inverse = 1 / grid.scale;
  const auto squared_error = [&](int64_t i) {
    const float x = w[i] - grid.base;
    const float error = x - round_half_even(clamp(x * inverse, bounds.lo, bounds.hi)) * grid.scale;
    return kWeighted ? importance[i] * (error * error) : error * error;
  };
  float sum[kSums] = {};
  int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (int j = 0; j < kSums; ++j) sum[j] += squared_error(i + j);
  }
  for (; i < n; ++i) sum[0] += squared_error(i);
  for (int half = kSums / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) sum[j] += sum[j + half];
  }
  return sum[0];
}

// The weighted sum of squared errors of the codes that round_to_grid gives.
double exact_error(const float* w, int64_t n, const Grid& grid, int max_code, const float* importance) {
  const Bounds bounds = bounds_of(grid, max_code);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const float x = w[i] - grid.base;
    const float level = round_half_even(clamp(x / grid.scale, bounds.lo, bounds.hi));
    const double error = static_cast<double>(w[i]) - (static_cast<double>(level) * grid.scale + grid.base);
    sum += (importance ? importance[i] : 1.0) * (error * error);
  }
  return sum;
}

// Ranges shrink towards 0, which the grids with a zero point hold, or the middle of the offset grid.
Range shrink(Range range, GridKind kind, float factor) {
  if (kind != GridKind::offset) return {range.lo * factor, range.hi * factor};
  const float middle = 0.5f * range.lo + 0.5f * range.hi;
  return {middle + (range.lo - middle) * factor, middle + (range.hi - middle) * factor};
}

// The grid that fits w best given the levels that `grid` rounds it to: weighted least squares of the scale
// and, on the offset grid, the base, as a correction by what is left over.
Grid refit(const float* w, int64_t n, const Grid& grid, const GridOptions& options, const float* importance) {
  const Bounds bounds = bounds_of(grid, options.max_code());
  const bool offset = options.kind == GridKind::offset;
  // Counted from the middle, levels and what is left over are least correlated with their means.
  const float middle = offset ? 0.5f * static_cast<float>(options.max_code()) : 0;
  const float inverse = 1 / grid.scale;
  float sums[5][kSums] = {};
  const auto add = [&](int64_t i, int j) {
    const float x = w[i] - grid.base;
    const float level = round_half_even(clamp(x * inverse, bounds.lo, bounds.hi));
    const float rest = x - level * grid.scale, b = level - middle, h = importance[i];
    sums[0][j] += h;
    sums[1][j] += h * b;
    sums[2][j] += h * rest;
    sums[3][j] += h * (b * b);
    sums[4][j] += h * (b * rest);
  };
  int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (int j = 0; j < kSums; ++j) add(i + j, j);
  }
  for (; i < n; ++i) add(i, 0);
  double total[5] = {};
  for (int s = 0; s < 5; ++s) {
    for (int j = 0; j < kSums; ++j) total[s] += sums[s][j];
  }
  const double mean_level = offset ? total[1] / total[0] : 0, mean_rest = offset ? total[2] / total[0] : 0;
  const double variance = total[3] - total[1] * mean_level, covariance = total[4] - total[1] * mean_rest;
  const double step = covariance / variance;
  const float scale = to_float16(static_cast<float>(grid.scale + step));
  if (!(scale > 0)) return grid;  // or no number: all levels equal, or no importance
  if (!offset) return {scale, grid.zero, 0};
  // The line through the means: base + scale * mean = what it was, and the mean of the rest.
  const double base = grid.base + mean_rest - step * (mean_level + middle);
  return {scale, 0, to_float16(static_cast<float>(base))};
}

Grid search_clip(const float* w, int64_t n, Range range, const GridOptions& options,
                 const float* importance) {
  const int max_code = options.max_code();
  const auto error_of = importance ? approximate_error<true> : approximate_error<false>;
  const Grid whole = grid_of(range, options);
  Grid best = whole;
  float least = error_of(w, n, whole, max_code, importance);
  for (int percent = 98; percent >= 20; percent -= 2) {
    const Grid grid = grid_of(shrink(range, options.kind, static_cast<float>(percent) / 100), options);
    const float error = error_of(w, n, grid, max_code, importance);
    if (error < least) {
      least = error;
      best = grid;
    }
  }
  for (int i = 0; importance && i < kRefits; ++i) {
    const Grid grid = refit(w, n, best, options, importance);
    const float error = error_of(w, n, grid, max_code, importance);
    if (!(error < least)) break;
    least = error;
    best = grid;
  }
  const bool better =
      exact_error(w, n, best, max_code, importance) < exact_error(w, n, whole, max_code, importance);
  return better ? best : whole;
}

}  // namespace

Grid find_grid(const float* w, int64_t n, const GridOptions& options, const float* importance) {
  Range range = range_of(w, n, options.kind == GridKind::offset ? w[0] : 0);
  if (range.lo == range.hi) range = range_of(w, n, 0);
  if (options.clip == Clip::none) return grid_of(range, options);
  return search_clip(w, n, range, options, options.clip == Clip::hessian ? importance : nullptr);
}

void round_to_grid(const float* w, int64_t n, const Grid& grid, int max_code, uint8_t* codes) {
  const Bounds bounds = bounds_of(grid, max_code);
  for (int64_t i = 0; i < n; ++i) {
    const float rounded = clamp((w[i] - grid.base) / grid.scale, bounds.lo, bounds.hi) + kRoundMagic;
    codes[i] = static_cast<uint8_t>(std::bit_cast<int32_t>(rounded) - kRoundMagicBits + grid.zero);
  }
}

}  // namespace qn
