// The peaks of CenterNet's heatmaps (Objects as Points, arXiv 1904.07850, section 4).
#pragma once

#include <cstdint>
#include <vector>

namespace qn {

struct Heatmap {
  const float* scores;  // [height, width, classes], after the sigmoid
  int64_t height, width, classes;
};

struct Peak {
  int64_t y, x;
  int32_t label;
  float score;
};

// When a score is a peak, `most` being the greatest of its class in the 3x3 cells around it:
//   equal    score == most
//   epsilon  |score - most| < 1e-6 in float32: TensorFlow's Object Detection API, which so keeps both of two
//            neighbours that differ in the last bits
enum class PeakTest : uint8_t { equal, epsilon };

// The best peaks by score, at most `most`, ties by lower index with the class fastest: what
// top_k(heatmap * is_peak) gives as far as it is above 0. NaN is no peak and hides none.
std::vector<Peak> best_peaks(const Heatmap& heatmap, PeakTest test, int64_t most);

}  // namespace qn
