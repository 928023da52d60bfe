#include "native/detection/ranked_scores.h"

#include <algorithm>

namespace qn {
namespace {

// A pass over the table costs about as much as sorting so many scores.
constexpr size_t kFirstBatch = 1024;
// When that was not enough much more may be needed, and each batch is a pass over the table.
constexpr size_t kBatchGrowth = 8;

// Scores that are compared at once; after the first thousands hardly any is high enough.
constexpr int64_t kBlock = 64;

bool any_reaches(const float* scores, int64_t count, float least) {
  int reached = 0;
  for (int64_t i = 0; i < count; ++i) reached |= scores[i] >= least ? 1 : 0;
  return reached != 0;
}

// Scores that lie one after the other: all of the table, or each row.
struct Runs {
  explicit Runs(const ScoreTable& table)
      : count(table.stride == table.columns ? 1 : table.rows),
        length(table.stride == table.columns ? table.rows * table.columns : table.columns) {}

  int64_t count, length;
};

bool in_order(const RankedScore& a, const RankedScore& b) { return a.before(b); }

// Keeps the first `most` of the order, the last of them at the end.
void keep_first(std::vector<RankedScore>& scores, size_t most) {
  const auto last = scores.begin() + static_cast<std::ptrdiff_t>(most - 1);
  std::nth_element(scores.begin(), last, scores.end(), in_order);
  scores.resize(most);
}

}  // namespace

const RankedScore* RankedScores::best() {
  if (taken_ == batch_.size()) {
    if (complete_) return nullptr;
    batch_size_ = batch_size_ == 0 ? kFirstBatch : batch_size_ * kBatchGrowth;
    load_batch(batch_size_);
    if (batch_.empty()) return nullptr;
  }
  return &batch_[taken_];
}

void RankedScores::load_batch(size_t most) {
  const bool first = batch_.empty();
  const RankedScore previous = first ? RankedScore{} : batch_.back();
  batch_.clear();
  taken_ = 0;
  bool overflow = false;
  // What is beyond these cannot be in the batch: the last that is in so far, and what went before.
  RankedScore bound{};
  float least = threshold_;
  const auto look_at = [&](const RankedScore& score) {
    if (overflow && !score.before(bound)) return;
    if (!first && !previous.before(score)) return;
    batch_.push_back(score);
    if (batch_.size() < 2 * most) return;
    overflow = true;
    keep_first(batch_, most);
    bound = batch_.back();
    least = bound.score;
  };
  const Runs runs(table_);
  for (int64_t run = 0; run < runs.count; ++run) {
    const float* scores = table_.data + run * table_.stride;
    for (int64_t begin = 0; begin < runs.length; begin += kBlock) {
      const int64_t end = std::min(begin + kBlock, runs.length);
      if (!any_reaches(scores + begin, end - begin, least)) continue;
      for (int64_t i = begin; i < end; ++i) {
        if (!(scores[i] >= least)) continue;
        look_at({scores[i], run + i / table_.columns, i % table_.columns});
      }
    }
  }
  if (batch_.size() > most) {
    overflow = true;
    keep_first(batch_, most);
  }
  complete_ = !overflow;
  std::sort(batch_.begin(), batch_.end(), in_order);
}

}  // namespace qn
