#include "native/linalg/hadamard.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace qn {
namespace {

// Vectors that are transformed side by side.
constexpr int64_t kStrip = 32;

// The transform over the first index of values [block][kStrip].
void transform(double* values, int64_t block) {
  for (int64_t half = 1; half < block; half *= 2) {
    for (int64_t i = 0; i < block; i += 2 * half) {
      for (int64_t j = i * kStrip; j < (i + half) * kStrip; ++j) {
        const double a = values[j], b = values[j + half * kStrip];
        values[j] = a + b;
        values[j + half * kStrip] = a - b;
      }
    }
  }
}

}  // namespace

void hadamard(const float* from, int64_t rows, int64_t cols, int64_t block, HadamardSide side, float* to) {
  // Element i of vector v, of `vectors` that have `length` elements.
  const bool columns = side == HadamardSide::columns;
  const int64_t vectors = columns ? rows : cols, length = columns ? cols : rows;
  const int64_t vector_stride = columns ? cols : 1, element_stride = columns ? 1 : cols;
  const double factor = 1 / std::sqrt(static_cast<double>(block));
  std::vector<double> strip(static_cast<size_t>(block * kStrip));
  for (int64_t begin = 0; begin < length; begin += block) {
    for (int64_t first = 0; first < vectors; first += kStrip) {
      const int64_t count = std::min(kStrip, vectors - first);
      const int64_t corner = begin * element_stride + first * vector_stride;
      for (int64_t i = 0; i < block; ++i) {
        for (int64_t v = 0; v < count; ++v)
          strip[static_cast<size_t>(i * kStrip + v)] = from[corner + i * element_stride + v * vector_stride];
      }
      transform(strip.data(), block);
      for (int64_t i = 0; i < block; ++i) {
        for (int64_t v = 0; v < count; ++v) {
          to[corner + i * element_stride + v * vector_stride] =
              static_cast<float>(factor * strip[static_cast<size_t>(i * kStrip + v)]);
        }
      }
    }
  }
}

}  // namespace qn
