#include "native/quant/round_to_nearest.h"

#include <algorithm>
#include <bit>

#include "native/core/error.h"
#include "native/core/float16.h"

namespace qn {
namespace {

// Adding 1.5 * 2^23 leaves the integer nearest to x (ties to even) in the low bits, for |x| < 2^22. It is
// what makes the loops below vectorise on every CPU: SSE2 has no rounding instruction.
constexpr float kRoundMagic = 12582912.0f;
constexpr int32_t kRoundMagicBits = 0x4B400000;

// Independent lanes turn a reduction, whose order the compiler must keep, into vector operations.
constexpr int kLanes = 16;

struct Range {
  float lo, hi;
};

struct Grid {
  float scale;
  int zero;
};

float clamp(float x, float lo, float hi) {
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
}

// For |x| < 2^22.
float round_half_even(float x) { return (x + kRoundMagic) - kRoundMagic; }

// The range of the group, widened to contain 0.
Range range_of(const float* w, int64_t n) {
  float lo[kLanes] = {}, hi[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) {
      lo[j] = w[i + j] < lo[j] ? w[i + j] : lo[j];
      hi[j] = w[i + j] > hi[j] ? w[i + j] : hi[j];
    }
  }
  for (; i < n; ++i) {
    lo[0] = std::min(lo[0], w[i]);
    hi[0] = std::max(hi[0], w[i]);
  }
  return {*std::min_element(lo, lo + kLanes), *std::max_element(hi, hi + kLanes)};
}

// An infinite scale means that it does not fit float16.
Grid grid_of(Range range, int bits, bool symmetric) {
  const float max_code = static_cast<float>((1 << bits) - 1);
  if (symmetric) {
    range.hi = std::max(-range.lo, range.hi);
    range.lo = -range.hi;
  }
  float scale = (range.hi - range.lo) / max_code;
  if (!(scale > 0)) {  // all zeros, or so small that the scale underflows
    range = {-1, 1};
    scale = 2 / max_code;
  }
  const float zero = symmetric ? static_cast<float>(1 << (bits - 1)) : round_half_even(-range.lo / scale);
  const float rounded = float16_to_float(float_to_float16(scale));
  return {rounded > 0 ? rounded : kFloat16Smallest, static_cast<int>(clamp(zero, 0, max_code))};
}

void quantize_group(const float* w, int64_t n, Grid grid, int max_code, uint8_t* codes) {
  // Clamped before rounding, which gives the same codes, since the bounds are whole numbers, and keeps the
  // magic in range.
  const float lo = static_cast<float>(-grid.zero), hi = static_cast<float>(max_code - grid.zero);
  for (int64_t i = 0; i < n; ++i) {
    const float rounded = clamp(w[i] / grid.scale, lo, hi) + kRoundMagic;
    codes[i] = static_cast<uint8_t>(std::bit_cast<int32_t>(rounded) - kRoundMagicBits + grid.zero);
  }
}

// The sum of squared errors, fast enough to try many grids: multiplied by 1 / scale, and summed in float.
float approximate_error(const float* w, int64_t n, Grid grid, int max_code) {
  const float lo = static_cast<float>(-grid.zero), hi = static_cast<float>(max_code - grid.zero);
  const float inverse = 1 / grid.scale;
  const auto squared_error = [&](float x) {
    const float error = x - round_half_even(clamp(x * inverse, lo, hi)) * grid.scale;
    return error * error;
  };
  float sum[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) sum[j] += squared_error(w[i + j]);
  }
  for (; i < n; ++i) sum[0] += squared_error(w[i]);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) sum[j] += sum[j + half];
  }
  return sum[0];
}

// The sum of squared errors of the codes that quantize_group gives.
double exact_error(const float* w, int64_t n, Grid grid, int max_code) {
  const float lo = static_cast<float>(-grid.zero), hi = static_cast<float>(max_code - grid.zero);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const float level = round_half_even(clamp(w[i] / grid.scale, lo, hi));
    const double error = static_cast<double>(w[i]) - static_cast<double>(level) * grid.scale;
    sum += error * error;
  }
  return sum;
}

Grid search_clip(const float* w, int64_t n, Range range, const QuantizeOptions& options) {
  const int max_code = (1 << options.bits) - 1;
  const Grid whole = grid_of(range, options.bits, options.symmetric);
  Grid best = whole;
  float least = approximate_error(w, n, whole, max_code);
  for (int percent = 98; percent >= 20; percent -= 2) {
    const float shrink = static_cast<float>(percent) / 100;
    const Grid grid = grid_of({range.lo * shrink, range.hi * shrink}, options.bits, options.symmetric);
    const float error = approximate_error(w, n, grid, max_code);
    if (error < least) {
      least = error;
      best = grid;
    }
  }
  const bool better = exact_error(w, n, best, max_code) < exact_error(w, n, whole, max_code);
  return better ? best : whole;
}

}  // namespace

void quantize_row(const float* row, int64_t cols, const QuantizeOptions& options, const RowName& name,
                  uint8_t* codes, float* scale, uint8_t* zero) {
  check_finite(row, cols, name);
  const int max_code = (1 << options.bits) - 1;
  const int64_t size = options.group < 0 ? cols : options.group;
  for (int64_t begin = 0, g = 0; begin < cols; begin += size, ++g) {
    const float* w = row + begin;
    const int64_t n = std::min(size, cols - begin);
    const Range range = range_of(w, n);
    Grid grid = grid_of(range, options.bits, options.symmetric);
    if (grid.scale > kFloat16Max) {
      const bool low = -range.lo > range.hi;
      const float extreme = low ? range.lo : range.hi;
      throw Error(name.element(begin + (std::find(w, w + n, extreme) - w)) + ": weight " +
                  std::to_string(extreme) + " needs a scale beyond float16's 65504 at " +
                  std::to_string(options.bits) + " bits");
    }
    if (options.clip == Clip::mse) grid = search_clip(w, n, range, options);
    quantize_group(w, n, grid, max_code, codes + begin);
    scale[g] = grid.scale;
    zero[g] = static_cast<uint8_t>(grid.zero);
  }
}

}  // namespace qn
