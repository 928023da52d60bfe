#include "native/detection/detection_postprocess.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "native/core/error.h"

namespace qn {
namespace {

void check(const std::vector<Box>& boxes) {
  for (size_t i = 0; i < boxes.size(); ++i) {
    const Box& box = boxes[i];
    if (!(box.ymin > box.ymax) && !(box.xmin > box.xmax)) continue;
    throw Error("expected a decoded box with ymin <= ymax and xmin <= xmax at anchor " + std::to_string(i) +
                ", got " + std::to_string(box.ymin) + ", " + std::to_string(box.xmin) + ", " +
                std::to_string(box.ymax) + ", " + std::to_string(box.xmax));
  }
}

// The `most` best scores of a row, each with its column as the label.
std::vector<Detection> best_columns(const ScoreTable& scores, int64_t row, int64_t most) {
  std::vector<Detection> best;
  for (int64_t column = 0; column < scores.columns; ++column) {
    const float score = scores.data[row * scores.stride + column];
    if (!std::isnan(score)) best.push_back({row, static_cast<int32_t>(column), score});
  }
  const auto end = best.begin() + std::min(most, static_cast<int64_t>(best.size()));
  std::partial_sort(best.begin(), end, best.end(), [](const Detection& a, const Detection& b) {
    return a.score != b.score ? a.score > b.score : a.label < b.label;
  });
  best.erase(end, best.end());
  return best;
}

std::vector<Detection> suppress_anchors(const DetectionPostprocess& options, const Box* boxes) {
  const BestColumns best(options.scores);
  const ScoredBoxes anchors{
      boxes, best.table(), best.columns.data(), true, options.score_threshold, options.max_detections};
  return suppress(anchors, options.iou_threshold, options.max_detections);
}

}  // namespace

PostprocessedDetections postprocess_detections(const DetectionPostprocess& options) {
  const std::vector<Box> boxes =
      decode_boxes(options.encodings, options.anchors, options.scores.rows, options.scales);
  check(boxes);
  PostprocessedDetections result{};
  if (options.regular) {
    const ScoredBoxes all{boxes.data(), options.scores,          nullptr,
                          false,        options.score_threshold, options.max_detections};
    result.detections = suppress(all, options.iou_threshold, options.detections_per_class);
    result.count = static_cast<int64_t>(result.detections.size());
  } else {
    const std::vector<Detection> taken = suppress_anchors(options, boxes.data());
    for (const Detection& anchor : taken) {
      for (const Detection& detection :
           best_columns(options.scores, anchor.box, options.max_classes_per_detection)) {
        result.detections.push_back(detection);
      }
    }
    result.count = static_cast<int64_t>(taken.size());
  }
  for (const Detection& detection : result.detections) {
    result.boxes.push_back(boxes[static_cast<size_t>(detection.box)]);
  }
  return result;
}

}  // namespace qn
