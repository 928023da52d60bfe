#include "native/quant/gptq/column_order.h"

#include <algorithm>
#include <numeric>

namespace qn {
namespace {

std::vector<int32_t> descending(std::vector<int32_t> items, const std::vector<double>& key) {
  std::stable_sort(items.begin(), items.end(), [&](int32_t a, int32_t b) {
    return key[static_cast<size_t>(a)] > key[static_cast<size_t>(b)];
  });
  return items;
}

std::vector<int32_t> run_of(int64_t begin, int64_t end) {
  std::vector<int32_t> items(static_cast<size_t>(end - begin));
  std::iota(items.begin(), items.end(), static_cast<int32_t>(begin));
  return items;
}

void append_group(ColumnOrder& order, const std::vector<int32_t>& columns, int32_t group) {
  const int64_t begin = order.positions(), count = static_cast<int64_t>(columns.size());
  const int64_t end = begin + (count + kRowPanel - 1) / kRowPanel * kRowPanel;
  order.columns.insert(order.columns.end(), columns.begin(), columns.end());
  order.columns.resize(static_cast<size_t>(end), -1);
  order.groups.push_back({begin, end, count, group});
  for (const int32_t column : columns) order.group_index[static_cast<size_t>(column)] = group;
}

}  // namespace

ColumnOrder order_columns(Order kind, const float* diagonal, int64_t cols, int64_t group) {
  const int64_t groups = group_count(cols, group), size = group < 0 ? cols : group;
  const std::vector<double> key(diagonal, diagonal + cols);
  std::vector<double> mean(static_cast<size_t>(groups));
  for (int64_t g = 0; g < groups; ++g) {
    const auto begin = key.begin() + g * size, end = key.begin() + std::min((g + 1) * size, cols);
    mean[static_cast<size_t>(g)] = std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
  }
  std::vector<int32_t> columns = run_of(0, cols), group_order = run_of(0, groups);
  if (kind == Order::act) columns = descending(std::move(columns), key);
  if (kind == Order::act_group) group_order = descending(std::move(group_order), mean);
  ColumnOrder order{{}, {}, std::vector<int32_t>(static_cast<size_t>(cols)), {}};
  for (const int32_t g : group_order) {
    const auto begin = columns.begin() + g * size, end = columns.begin() + std::min((g + 1) * size, cols);
    std::vector<int32_t> members(begin, end);
    if (kind == Order::act_group) members = descending(std::move(members), key);
    append_group(order, members, g);
  }
  for (const int32_t column : order.columns) order.importance.push_back(column < 0 ? 0 : diagonal[column]);
  return order;
}

RowPanels hessian_panels(const float* hessian, int64_t cols, const ColumnOrder& order,
                         const HessianOptions& options, const Execution& run) {
  const int64_t n = order.positions();
  RowPanels panels(n, n);
  const auto fill_row = [&](int64_t position) {
    double* to = panels.panel(position / kRowPanel) + position % kRowPanel;
    const int64_t column = order.columns[static_cast<size_t>(position)];
    if (column < 0) {
      for (int64_t k = 0; k < n; ++k) to[k * kRowPanel] = 0;
    } else {
      const float* row = hessian + column * cols;
      for (int64_t k = 0; k < n; ++k) {
        const int32_t other = order.columns[static_cast<size_t>(k)];
        to[k * kRowPanel] = other < 0 ? 0.0 : row[other];
      }
    }
    double& diagonal = to[position * kRowPanel];
    if (options.regular && diagonal == 0) diagonal = 1;
    diagonal += options.diagonal_term;
  };
  run.pool.run(
      n, 64,
      [&](int64_t begin, int64_t end, int) {
        for (int64_t position = begin; position < end; ++position) fill_row(position);
      },
      run.stop);
  return panels;
}

}  // namespace qn
