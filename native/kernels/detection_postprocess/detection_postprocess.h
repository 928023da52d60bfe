// detection_postprocess: TFLite_Detection_PostProcess over native/detection/detection_postprocess.h, which
// states what it computes.
//
// Inputs: box encodings [1,N,4] as y, x, h, w; scores [1,N,S], S the number of classes or one more, the
// background first; anchors [N,4] as centre y, x, h, w. Outputs: boxes [1,K,4] as ymin, xmin, ymax, xmax;
// classes [1,K] from 0; scores [1,K]; how many [1]. Of more than K detections the first are given; what
// detections do not fill is 0.
//
// One kernel, on one thread: it looks at few of the boxes.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& detection_postprocess_op();

// Throws Error, as the operator fails, where a decoded box has a corner on the wrong side.
void detection_postprocess_reference(const Call& call, int64_t begin, int64_t end, void* scratch);

// Attributes, in this order.
enum class PostprocessAttribute {
  max_detections,
  max_classes_per_detection,
  detections_per_class,
  use_regular_nms,
  score_threshold,
  iou_threshold,
  classes,
  y_scale,
  x_scale,
  h_scale,
  w_scale,
};

inline double attribute(const Call& call, PostprocessAttribute name) {
  return call.attribute[static_cast<int>(name)];
}

}  // namespace qn
