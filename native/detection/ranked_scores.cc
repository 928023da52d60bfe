#include "native/detection/ranked_scores.h"

#include <algorithm>

namespace qn {
namespace {

// A pass over the table costs about as much as sorting so many scores.
constexpr size_t kFirstBatch = 1024;
// When that was not enough much more may be needed, and each batch is a pass over the table.
constexpr size_t kBatchGrowth = 8;

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
  for (int64_t row = 0; row < table_.rows; ++row) {
    const float* scores = table_.data + row * table_.stride;
    for (int64_t column = 0; column < table_.columns; ++column) {
      if (!(scores[column] >= least)) continue;
      const RankedScore score{scores[column], row, column};
      if (overflow && !score.before(bound)) continue;
      if (!first && !previous.before(score)) continue;
      batch_.push_back(score);
      if (batch_.size() < 2 * most) continue;
      overflow = true;
      keep_first(batch_, most);
      bound = batch_.back();
      least = bound.score;
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
