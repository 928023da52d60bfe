// The operator TFLite_Detection_PostProcess, which ends SSD networks in .tflite files.
#pragma once

#include <cstdint>
#include <vector>

#include "native/detection/box_coder.h"
#include "native/detection/nms.h"

namespace qn {

struct DetectionPostprocess {
  const CentreSize* encodings;  // [anchors]
  const CentreSize* anchors;    // [anchors]
  ScoreTable scores;            // [anchors, classes]
  CentreSize scales;
  bool regular;  // each class by itself; else the best class of each anchor
  float score_threshold, iou_threshold;
  int64_t max_detections;
  int64_t max_classes_per_detection;  // of the fast mode
  int64_t detections_per_class;       // of the regular mode
};

struct PostprocessedDetections {
  std::vector<Box> boxes;  // the decoded box of each detection
  std::vector<Detection> detections;
  int64_t count;  // what the operator gives as num_detections: boxes, whatever their number of classes
};

// Regular: non-maximum suppression of each class, the best of all classes together. Fast: suppression of
// anchors by their best class; each anchor that is taken gives its max_classes_per_detection best classes one
// after the other. Nothing is clipped. Where scores are equal the lower class comes first and then the lower
// anchor; TensorFlow Lite leaves the order of equal scores across classes to std::partial_sort. Throws Error,
// as the operator fails, where ymin > ymax or xmin > xmax in a decoded box.
// Source: tensorflow/lite/kernels/detection_postprocess.cc
PostprocessedDetections postprocess_detections(const DetectionPostprocess& options);

}  // namespace qn
