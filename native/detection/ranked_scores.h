// Scores in descending order, sorted only as far as somebody asks: detectors give 10^5 to 10^6 scores, of
// which the best few hundred are looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qn {

// Rows of scores; each row's first columns may be left out (an SSD's background class).
struct ScoreTable {
  const float* data;  // the first score that counts
  int64_t rows, columns;
  int64_t stride;  // from row to row
};

struct RankedScore {
  float score;
  int64_t row, column;

  // The order: by score, then by lower column, then by lower row.
  bool before(const RankedScore& other) const {
    if (score != other.score) return score > other.score;
    return column != other.column ? column < other.column : row < other.row;
  }
};

// All scores of at least `threshold`; never a NaN.
class RankedScores {
 public:
  RankedScores(const ScoreTable& table, float threshold) : table_(table), threshold_(threshold) {}

  // The best score that was not taken yet; null: there is none. Valid until the next call.
  const RankedScore* best();
  void take() { ++taken_; }

 private:
  // The `most` scores that follow those of the last batch, in order.
  void load_batch(size_t most);

  ScoreTable table_;
  float threshold_;
  std::vector<RankedScore> batch_;
  size_t taken_ = 0;  // of the batch
  size_t batch_size_ = 0;
  bool complete_ = false;  // nothing follows this batch
};

}  // namespace qn
