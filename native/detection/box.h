// Boxes by their corners, and how much two of them overlap.
#pragma once

namespace qn {

struct Box {
  float ymin, xmin, ymax, xmax;

  float area() const { return (ymax - ymin) * (xmax - xmin); }
};

// Intersection over union in float32, in TensorFlow's order of operations
// (tensorflow/lite/kernels/detection_postprocess.cc, ComputeIntersectionOverUnion): 0 where a box has no
// area, coordinates are not numbers, or infinities leave the quotient undefined.
inline float overlap(const Box& a, const Box& b) {
  const float area_a = a.area(), area_b = b.area();
  if (!(area_a > 0) || !(area_b > 0)) return 0;
  const float height = (a.ymax < b.ymax ? a.ymax : b.ymax) - (a.ymin > b.ymin ? a.ymin : b.ymin);
  const float width = (a.xmax < b.xmax ? a.xmax : b.xmax) - (a.xmin > b.xmin ? a.xmin : b.xmin);
  if (!(height > 0) || !(width > 0)) return 0;
  const float intersection = height * width;
  const float quotient = intersection / (area_a + area_b - intersection);
  return quotient > 0 ? quotient : 0;
}

}  // namespace qn
