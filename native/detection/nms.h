// Non-maximum suppression: of boxes that overlap, the one with the best score stays.
#pragma once

#include <cstdint>
#include <vector>

#include "native/detection/box.h"
#include "native/detection/ranked_scores.h"

namespace qn {

// Boxes with their scores. A box may be there once for every column of its scores.
struct ScoredBoxes {
  const Box* boxes;       // [rows]
  ScoreTable scores;      // [rows, columns]
  const int32_t* labels;  // [rows]; null: the column is the label
  bool across_labels;     // boxes of different labels suppress each other too
  float score_threshold;  // lower scores, and NaN, take no part
  int64_t max_detections;

  int32_t label(const RankedScore& score) const {
    return labels ? labels[score.row] : static_cast<int32_t>(score.column);
  }
};

struct Detection {
  int64_t box;
  int32_t label;
  float score;
};

// Greedy: from the best score down, a box is taken unless it overlaps one that was taken by more than
// `iou_threshold`, at most `max_per_label` of one label. Labels that do not suppress each other thus come out
// as if each went by itself and the best of all were taken. In the order of RankedScore.
std::vector<Detection> suppress(const ScoredBoxes& boxes, float iou_threshold, int64_t max_per_label);

// Soft-NMS with the Gaussian penalty (Bodla et al., arXiv 1704.04503): whenever a box is taken, the scores of
// the others are multiplied by exp(-iou^2 / sigma), computed in float64 and rounded to float32 before the
// float32 product, and the best of them is next as long as it reaches the threshold, which must not be
// negative. In the order taken.
std::vector<Detection> suppress_softly(const ScoredBoxes& boxes, double sigma);

// Of each row of a table the column with the best score, ties by lower column: -1 where all are NaN.
struct BestColumns {
  explicit BestColumns(const ScoreTable& table);

  std::vector<float> scores;  // NaN where there is none
  std::vector<int32_t> columns;

  ScoreTable table() const { return {scores.data(), static_cast<int64_t>(scores.size()), 1, 1}; }
};

}  // namespace qn
