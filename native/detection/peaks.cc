#include "native/detection/peaks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "native/detection/ranked_scores.h"

namespace qn {
namespace {

constexpr float kPeakEpsilon = 1e-6f;  // center_net_meta_arch.py, PEAK_EPSILON

float greatest_around(const Heatmap& heatmap, const Peak& peak) {
  float greatest = peak.score;
  const int64_t y_end = std::min(peak.y + 2, heatmap.height), x_end = std::min(peak.x + 2, heatmap.width);
  for (int64_t y = std::max<int64_t>(peak.y - 1, 0); y < y_end; ++y) {
    for (int64_t x = std::max<int64_t>(peak.x - 1, 0); x < x_end; ++x) {
      const float score = heatmap.scores[(y * heatmap.width + x) * heatmap.classes + peak.label];
      if (score > greatest) greatest = score;
    }
  }
  return greatest;
}

bool is_peak(const Heatmap& heatmap, const Peak& peak, PeakTest test) {
  const float greatest = greatest_around(heatmap, peak);
  if (test == PeakTest::equal) return peak.score == greatest;
  return std::fabs(peak.score - greatest) < kPeakEpsilon;
}

}  // namespace

std::vector<Peak> best_peaks(const Heatmap& heatmap, PeakTest test, int64_t most) {
  // From the best score down, so that few cells are compared with their neighbours. One column: ties go by
  // the index into the whole heatmap.
  const int64_t count = heatmap.height * heatmap.width * heatmap.classes;
  RankedScores scores({heatmap.scores, count, 1, 1}, std::numeric_limits<float>::denorm_min());
  std::vector<Peak> peaks;
  for (; const RankedScore* next = scores.best(); scores.take()) {
    if (static_cast<int64_t>(peaks.size()) == most) break;
    const int64_t cell = next->row / heatmap.classes;
    const Peak peak{cell / heatmap.width, cell % heatmap.width,
                    static_cast<int32_t>(next->row % heatmap.classes), next->score};
    if (is_peak(heatmap, peak, test)) peaks.push_back(peak);
  }
  return peaks;
}

}  // namespace qn
