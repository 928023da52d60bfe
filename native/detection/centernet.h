// From CenterNet's heads to boxes, in float32.
#pragma once

#include <vector>

#include "native/detection/box.h"
#include "native/detection/peaks.h"

namespace qn {

struct PeakBox {
  Box box;
  Peak peak;
};

// TensorFlow's Object Detection API.
struct CenterNetHeads {
  Heatmap heatmap;
  const float* sizes;               // [height, width, 2]: h, w in cells
  const float* offsets;             // [height, width, 2]: y, x in cells
  float stride;                     // pixels of the network's input to a cell
  float image_height, image_width;  // of the input, without its padding
};

// A box is y + offset -+ size / 2, negative sizes counting as 0; clipped to the heatmap, scaled to the image,
// whose sides become 1, and clipped to it. Peaks by PeakTest::epsilon. Source: center_net_meta_arch.py,
// prediction_tensors_to_boxes and convert_strided_predictions_to_normalized_boxes
std::vector<PeakBox> decode_centernet(const CenterNetHeads& heads, int64_t max_detections);

// MobileNetV3-CenterNet (github.com/610265158/mobilenetv3_centernet, lib/core/model/centernet.py).
struct SidedHeads {
  Heatmap heatmap;
  const float* sides;  // [height, width, 4]: from the cell to the left, top, right and bottom, in pixels
  float stride;
};

// A box reaches from the cell's corner, stride * (x, y), as far as its sides say; in pixels of the network's
// input, not clipped. Peaks by PeakTest::equal.
std::vector<PeakBox> decode_sided_centernet(const SidedHeads& heads, int64_t max_detections);

}  // namespace qn
