// The box coder of SSD and Faster R-CNN (arXiv 1506.01497, section 3.1.2): boxes relative to anchors.
#pragma once

#include <cstdint>
#include <vector>

#include "native/detection/box.h"

namespace qn {

// Centre and size: an anchor, an encoded box, or the scales by which encodings were multiplied.
struct CentreSize {
  float y, x, h, w;
};

// With an encoding t, scales s and the anchor a, in float64:
//   centre = t.y / s.y * a.h + a.y      half height = 0.5 * exp(t.h / s.h) * a.h      (x and w likewise)
// rounded to float32, and the corners from these in float32, as
// tensorflow/lite/kernels/detection_postprocess.cc, DecodeCenterSizeBoxes, does it.
Box decode_box(const CentreSize& encoding, const CentreSize& anchor, const CentreSize& scales);

std::vector<Box> decode_boxes(const CentreSize* encodings, const CentreSize* anchors, int64_t count,
                              const CentreSize& scales);

}  // namespace qn
