#include "native/detection/centernet.h"

#include <algorithm>

namespace qn {
namespace {

// One direction of a box.
struct Extent {
  float min, max;
};

float clip(float value, float most) { return std::min(std::max(value, 0.0f), most); }

Extent extent(int64_t cell, float offset, float size, int64_t cells) {
  const float centre = static_cast<float>(cell) + offset;
  const float half = std::max(size, 0.0f) / 2;
  const float most = static_cast<float>(cells);
  return {clip(centre - half, most), clip(centre + half, most)};
}

float normalized(float cells, float stride, float size) { return clip(cells * stride / size, 1); }

}  // namespace

std::vector<PeakBox> decode_centernet(const CenterNetHeads& heads, int64_t max_detections) {
  const Heatmap& heatmap = heads.heatmap;
  std::vector<PeakBox> boxes;
  for (const Peak& peak : best_peaks(heatmap, PeakTest::epsilon, max_detections)) {
    const int64_t cell = peak.y * heatmap.width + peak.x;
    const float *size = heads.sizes + 2 * cell, *offset = heads.offsets + 2 * cell;
    const Extent y = extent(peak.y, offset[0], size[0], heatmap.height);
    const Extent x = extent(peak.x, offset[1], size[1], heatmap.width);
    boxes.push_back({{normalized(y.min, heads.stride, heads.image_height),
                      normalized(x.min, heads.stride, heads.image_width),
                      normalized(y.max, heads.stride, heads.image_height),
                      normalized(x.max, heads.stride, heads.image_width)},
                     peak});
  }
  return boxes;
}

std::vector<PeakBox> decode_sided_centernet(const SidedHeads& heads, int64_t max_detections) {
  std::vector<PeakBox> boxes;
  for (const Peak& peak : best_peaks(heads.heatmap, PeakTest::equal, max_detections)) {
    const float* sides = heads.sides + 4 * (peak.y * heads.heatmap.width + peak.x);
    const float y = heads.stride * static_cast<float>(peak.y);
    const float x = heads.stride * static_cast<float>(peak.x);
    boxes.push_back({{y - sides[1], x - sides[0], y + sides[3], x + sides[2]}, peak});
  }
  return boxes;
}

}  // namespace qn
