#include "native/detection/box_coder.h"

#include <cmath>

namespace qn {
namespace {

float centre(double encoding, double scale, double size, double position) {
  return static_cast<float>(encoding / scale * size + position);
}

float half_size(double encoding, double scale, double size) {
  return static_cast<float>(0.5 * std::exp(encoding / scale) * size);
}

}  // namespace

Box decode_box(const CentreSize& encoding, const CentreSize& anchor, const CentreSize& scales) {
  const float y = centre(encoding.y, scales.y, anchor.h, anchor.y);
  const float x = centre(encoding.x, scales.x, anchor.w, anchor.x);
  const float half_h = half_size(encoding.h, scales.h, anchor.h);
  const float half_w = half_size(encoding.w, scales.w, anchor.w);
  return {y - half_h, x - half_w, y + half_h, x + half_w};
}

std::vector<Box> decode_boxes(const CentreSize* encodings, const CentreSize* anchors, int64_t count,
                              const CentreSize& scales) {
  std::vector<Box> boxes;
  boxes.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) boxes.push_back(decode_box(encodings[i], anchors[i], scales));
  return boxes;
}

}  // namespace qn
