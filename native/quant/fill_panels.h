// Work over the rows of a matrix, many at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "native/core/aligned_buffer.h"
#include "native/core/thread_pool.h"
#include "native/quant/matrix_rows.h"
#include "native/quant/panels.h"

namespace qn {

struct LoadControl {
  ThreadPool& pool;
  const std::atomic<bool>* stop = nullptr;
  // Called on the calling thread with the number of weights done since the last call.
  std::function<void(int64_t weights)> progress = nullptr;
};

// Rows are given to threads in panels of 16: the arrays of canonical.h have 16 rows' words in a cache line.
struct PanelRange {
  int64_t rows, cols;
  int64_t row_bytes;  // of the source
};

using FillPanel = std::function<void(int64_t panel, int worker)>;

// Calls `fill` once for every panel, in slices of about 32 MiB of the source, whose mapped pages are given
// back before the next one. `source` may be null. Throws Aborted when stopped.
void for_each_panel(const LoadControl& control, const PanelRange& range, const MatrixRows* source,
                    const FillPanel& fill);

using FillRow = std::function<void(int64_t row, int in_panel, int worker, PanelRows& rows)>;

// Fills code panels row by row, through one PanelRows a thread.
void fill_code_panels(const LoadControl& control, const MatrixRows& source, OwnedWeight& weight,
                      const FillRow& fill_row);

// `count` floats for each thread.
class FloatScratch {
 public:
  FloatScratch(const LoadControl& control, int64_t count);
  float* of(int worker) { return reinterpret_cast<float*>(buffers_[static_cast<size_t>(worker)].data()); }

 private:
  std::vector<AlignedBuffer> buffers_;
};

}  // namespace qn
