#include "native/detection/nms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <unordered_map>

namespace qn {
namespace {

// Minus infinity when all are NaN or that. In lanes, which compilers make vectors of.
float greatest(const float* values, int64_t count) {
  constexpr int64_t kLanes = 16;
  float best[kLanes];
  std::fill(best, best + kLanes, -std::numeric_limits<float>::infinity());
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane)
      best[lane] = values[i + lane] > best[lane] ? values[i + lane] : best[lane];
  }
  for (; i < count; ++i) best[0] = values[i] > best[0] ? values[i] : best[0];
  return *std::max_element(best, best + kLanes);
}

// The boxes taken so far by what they suppress, in the order in which they were taken.
class Taken {
 public:
  explicit Taken(bool across_labels) : across_labels_(across_labels) {}

  std::vector<Box>& rivals(int32_t label) { return by_label_[across_labels_ ? 0 : label]; }

 private:
  bool across_labels_;
  std::unordered_map<int32_t, std::vector<Box>> by_label_;
};

bool overlaps_any(const Box& box, const std::vector<Box>& others, float iou_threshold) {
  for (const Box& other : others) {
    if (overlap(box, other) > iou_threshold) return true;
  }
  return false;
}

// A box whose score was multiplied by the penalties of the first `seen` of its rivals.
struct Penalised {
  RankedScore ranked;
  size_t seen;
};

struct Later {
  bool operator()(const Penalised& a, const Penalised& b) const { return b.ranked.before(a.ranked); }
};

}  // namespace

std::vector<Detection> suppress(const ScoredBoxes& boxes, float iou_threshold, int64_t max_per_label) {
  RankedScores scores(boxes.scores, boxes.score_threshold);
  Taken taken(boxes.across_labels);
  std::unordered_map<int32_t, int64_t> count;
  std::vector<Detection> detections;
  for (; const RankedScore* next = scores.best(); scores.take()) {
    if (static_cast<int64_t>(detections.size()) == boxes.max_detections) break;
    const int32_t label = boxes.label(*next);
    const Box& box = boxes.boxes[next->row];
    std::vector<Box>& rivals = taken.rivals(label);
    int64_t& of_label = count[label];
    if (of_label == max_per_label || overlaps_any(box, rivals, iou_threshold)) continue;
    ++of_label;
    rivals.push_back(box);
    detections.push_back({next->row, label, next->score});
  }
  return detections;
}

std::vector<Detection> suppress_softly(const ScoredBoxes& boxes, double sigma) {
  RankedScores scores(boxes.scores, boxes.score_threshold);
  Taken taken(boxes.across_labels);
  // Penalties only lower scores, so a box is penalised when its turn comes, and waits here if others are now
  // better: the same order as if all boxes were penalised at once.
  std::priority_queue<Penalised, std::vector<Penalised>, Later> waiting;
  std::vector<Detection> detections;
  while (static_cast<int64_t>(detections.size()) < boxes.max_detections) {
    const RankedScore* fresh = scores.best();
    if (!fresh && waiting.empty()) break;
    Penalised next{};
    if (fresh && (waiting.empty() || fresh->before(waiting.top().ranked))) {
      next = {*fresh, 0};
      scores.take();
    } else {
      next = waiting.top();
      waiting.pop();
    }
    const int32_t label = boxes.label(next.ranked);
    const Box& box = boxes.boxes[next.ranked.row];
    std::vector<Box>& rivals = taken.rivals(label);
    const float before = next.ranked.score;
    for (; next.seen < rivals.size(); ++next.seen) {
      const double iou = overlap(box, rivals[next.seen]);
      next.ranked.score *= static_cast<float>(std::exp(-(iou * iou) / sigma));
    }
    if (next.ranked.score == before) {
      rivals.push_back(box);
      detections.push_back({next.ranked.row, label, before});
    } else if (next.ranked.score >= boxes.score_threshold) {
      waiting.push(next);
    }
  }
  return detections;
}

BestColumns::BestColumns(const ScoreTable& table)
    : scores(static_cast<size_t>(table.rows), std::numeric_limits<float>::quiet_NaN()),
      columns(static_cast<size_t>(table.rows), -1) {
  for (int64_t row = 0; row < table.rows; ++row) {
    const float* values = table.data + row * table.stride;
    const float best = greatest(values, table.columns);
    for (int64_t column = 0; column < table.columns; ++column) {
      if (values[column] != best) continue;
      scores[static_cast<size_t>(row)] = values[column];
      columns[static_cast<size_t>(row)] = static_cast<int32_t>(column);
      break;
    }
  }
}

}  // namespace qn
