#include "native/quant/fill_panels.h"

#include <algorithm>

namespace qn {
namespace {

constexpr int64_t kSliceBytes = 32 << 20;   // of the source, between two releases of mapped pages
constexpr int64_t kGrainWeights = 1 << 17;  // a piece of work of well under a millisecond

}  // namespace

void for_each_panel(const LoadControl& control, const PanelRange& range, const MatrixRows* source,
                    const FillPanel& fill) {
  const int64_t panels = (range.rows + kPanelRows - 1) / kPanelRows;
  const int64_t slice = std::max<int64_t>(kSliceBytes / (kPanelRows * std::max<int64_t>(1, range.row_bytes)),
                                          control.pool.threads());
  const int64_t grain = std::max<int64_t>(1, kGrainWeights / (kPanelRows * range.cols));
  for (int64_t begin = 0; begin < panels; begin += slice) {
    const int64_t end = std::min(begin + slice, panels);
    control.pool.run(
        end - begin, grain,
        [&](int64_t first, int64_t last, int worker) {
          for (int64_t panel = first; panel < last; ++panel) fill(begin + panel, worker);
        },
        control.stop);
    const int64_t first_row = begin * kPanelRows, last_row = std::min(end * kPanelRows, range.rows);
    if (source) source->release(first_row, last_row);
    if (control.progress) control.progress((last_row - first_row) * range.cols);
  }
}

void fill_code_panels(const LoadControl& control, const MatrixRows& source, OwnedWeight& weight,
                      const FillRow& fill_row) {
  const Weight& view = weight.view;
  std::vector<PanelRows> scratch;
  for (int i = 0; i < control.pool.threads(); ++i) scratch.emplace_back(view.padded_cols, view.groups);
  const FillPanel fill = [&](int64_t panel, int worker) {
    PanelRows& rows = scratch[static_cast<size_t>(worker)];
    const int64_t first = panel * kPanelRows;
    const int count = static_cast<int>(std::min<int64_t>(kPanelRows, view.rows - first));
    rows.clear_rows(count);
    for (int r = 0; r < count; ++r) fill_row(first + r, r, worker, rows);
    store_panel(rows, weight, panel);
  };
  for_each_panel(control, {view.rows, view.cols, source.row_bytes()}, &source, fill);
}

FloatScratch::FloatScratch(const LoadControl& control, int64_t count) {
  for (int i = 0; i < control.pool.threads(); ++i)
    buffers_.emplace_back(static_cast<size_t>(count) * sizeof(float));
}

}  // namespace qn
