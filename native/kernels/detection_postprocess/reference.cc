#include <algorithm>

#include "native/core/rows.h"
#include "native/detection/detection_postprocess.h"
#include "native/kernels/detection_postprocess/detection_postprocess.h"

namespace qn {
namespace {

// Encodings, anchors and boxes are rows of four floats.
static_assert(sizeof(CentreSize) == 4 * sizeof(float) && sizeof(Box) == 4 * sizeof(float));

DetectionPostprocess options_of(const Call& call) {
  using Name = PostprocessAttribute;
  const auto number = [&](Name name) { return static_cast<float>(attribute(call, name)); };
  const auto integer = [&](Name name) { return static_cast<int64_t>(attribute(call, name)); };
  const int64_t columns = columns_of(call.in[1]), classes = integer(Name::classes);
  DetectionPostprocess options{};
  options.encodings = static_cast<const CentreSize*>(call.in[0].data);
  options.anchors = static_cast<const CentreSize*>(call.in[2].data);
  options.scores = {static_cast<const float*>(call.in[1].data) + columns - classes, rows_of(call.in[1]),
                    classes, columns};
  options.scales = {number(Name::y_scale), number(Name::x_scale), number(Name::h_scale),
                    number(Name::w_scale)};
  options.regular = attribute(call, Name::use_regular_nms) != 0;
  options.score_threshold = number(Name::score_threshold);
  options.iou_threshold = number(Name::iou_threshold);
  options.max_detections = integer(Name::max_detections);
  options.max_classes_per_detection = integer(Name::max_classes_per_detection);
  options.detections_per_class = integer(Name::detections_per_class);
  return options;
}

}  // namespace

void detection_postprocess_reference(const Call& call, int64_t, int64_t, void*) {
  const PostprocessedDetections result = postprocess_detections(options_of(call));
  Box* boxes = static_cast<Box*>(call.out[0].data);
  float* classes = static_cast<float*>(call.out[1].data);
  float* scores = static_cast<float*>(call.out[2].data);
  const size_t rows = static_cast<size_t>(call.out[0].dim[1]);
  const size_t given = std::min(rows, result.detections.size());
  for (size_t i = 0; i < given; i++) {
    boxes[i] = result.boxes[i];
    classes[i] = static_cast<float>(result.detections[i].label);
    scores[i] = result.detections[i].score;
  }
  std::fill(boxes + given, boxes + rows, Box{});
  std::fill(classes + given, classes + rows, 0.0f);
  std::fill(scores + given, scores + rows, 0.0f);
  *static_cast<float*>(call.out[3].data) = static_cast<float>(result.count);
}

}  // namespace qn
