#include "native/quant/gptq/grid_fit.h"

#include <algorithm>
#include <cmath>

namespace qn {
namespace {

// Added to the diagonal of the normal equations, as a part of it: draws towards the present grid what the
// codes hardly determine. And of the largest element, for groups whose codes are all 0.
constexpr double kRidge = 1e-4;
constexpr double kLeastRidge = 1e-9;

// Solves a x = b for 8 symmetric positive definite matrices in lanes, [m][m][8] of which the lower triangle
// is read and overwritten, in place of b [m][8]. NaN where a matrix is not definite.
void solve_lanes(std::vector<double>& a, std::vector<double>& b, int64_t m) {
  const auto at = [&](int64_t i, int64_t j) { return a.data() + (i * m + j) * kRowPanel; };
  const auto subtract = [](double* to, const double* x, const double* y) {
    for (int64_t lane = 0; lane < kRowPanel; ++lane) to[lane] -= x[lane] * y[lane];
  };
  const auto divide = [](double* to, const double* by) {
    for (int64_t lane = 0; lane < kRowPanel; ++lane) to[lane] /= by[lane];
  };
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      for (int64_t k = 0; k < j; ++k) subtract(at(i, j), at(i, k), at(j, k));
      if (j < i) divide(at(i, j), at(j, j));
    }
    for (int64_t lane = 0; lane < kRowPanel; ++lane) at(i, i)[lane] = std::sqrt(at(i, i)[lane]);
    for (int64_t k = 0; k < i; ++k) subtract(b.data() + i * kRowPanel, at(i, k), b.data() + k * kRowPanel);
    divide(b.data() + i * kRowPanel, at(i, i));
  }
  for (int64_t i = m - 1; i >= 0; --i) {
    for (int64_t k = i + 1; k < m; ++k)
      subtract(b.data() + i * kRowPanel, at(k, i), b.data() + k * kRowPanel);
    divide(b.data() + i * kRowPanel, at(i, i));
  }
}

void add_ridge(std::vector<double>& matrix, int64_t m) {
  for (int64_t lane = 0; lane < kRowPanel; ++lane) {
    double most = 0;
    for (int64_t i = 0; i < m; ++i)
      most = std::max(most, matrix[static_cast<size_t>((i * m + i) * kRowPanel + lane)]);
    for (int64_t i = 0; i < m; ++i) {
      double& diagonal = matrix[static_cast<size_t>((i * m + i) * kRowPanel + lane)];
      diagonal += kRidge * diagonal + kLeastRidge * most;
    }
  }
}

float to_float16(double x) { return float16_to_float(float_to_float16(static_cast<float>(x))); }

// A scale that a grid can have; otherwise the present one stays.
bool is_scale(float scale) { return scale > 0 && scale <= kFloat16Max; }

// One row's quadratic form, taken out of the lanes.
class RowFit {
 public:
  RowFit(const std::vector<double>& matrix, const std::vector<double>& gradient, int64_t groups, int64_t lane)
      : matrix_(matrix), gradient_(gradient), size_(2 * groups), lane_(lane) {}

  double matrix(int64_t i, int64_t j) const {
    return matrix_[static_cast<size_t>((i * size_ + j) * kRowPanel + lane_)];
  }
  double gradient(int64_t i) const { return gradient_[static_cast<size_t>(i * kRowPanel + lane_)]; }

  // How much the loss changes when scales and offsets change by `step`.
  double change(const std::vector<double>& step) const {
    double sum = 0;
    for (int64_t i = 0; i < size_; ++i) {
      double product = -2 * gradient(i);
      for (int64_t j = 0; j < size_; ++j) product += matrix(i, j) * step[static_cast<size_t>(j)];
      sum += step[static_cast<size_t>(i)] * product;
    }
    return sum;
  }

 private:
  const std::vector<double>& matrix_;
  const std::vector<double>& gradient_;
  int64_t size_, lane_;
};

double offset_of(const Grid& grid) { return -(static_cast<double>(grid.scale) * grid.zero) + grid.base; }

}  // namespace

GridFit::GridFit(const Layer& layer, const ColumnOrder& order, const RowPanels& hessian,
                 ProductKernel* kernel, QuantizedRows& rows)
    : layer_(layer), order_(order), hessian_(hessian), kernel_(kernel), rows_(rows) {
  if (!layer.refit) return;
  const int64_t n = order.positions(), groups = static_cast<int64_t>(order.groups.size());
  for (const ColumnGroup& group : order.groups) {
    for (int64_t j = 0; j < n; ++j) {
      const double* row = hessian.panel(j / kRowPanel) + j % kRowPanel;
      double sum = 0;
      for (int64_t k = group.begin; k < group.begin + group.columns; ++k) sum += row[k * kRowPanel];
      column_sums_.push_back(sum);
    }
  }
  for (int64_t g = 0; g < groups; ++g) {
    for (const ColumnGroup& of : order.groups) {
      double sum = 0;
      for (int64_t j = of.begin; j < of.begin + of.columns; ++j)
        sum += column_sums_[static_cast<size_t>(g * n + j)];
      group_sums_.push_back(sum);
    }
  }
}

void GridFit::load_codes(RowTile& tile) const {
  std::fill_n(tile.work.data(), tile.panels * tile.work.panel_size(), 0.0);
  for (int64_t r = 0; r < tile.rows; ++r) {
    const uint8_t* codes = rows_.codes.data() + (tile.first_row + r) * layer_.cols;
    double* to = tile.work.panel(r / kRowPanel) + r % kRowPanel;
    for (int64_t k = 0; k < order_.positions(); ++k) {
      const int32_t column = order_.columns[static_cast<size_t>(k)];
      if (column >= 0) to[k * kRowPanel] = codes[column];
    }
  }
}

// The part of the matrix between codes and codes: for each group h, the products of the Hessian with its
// codes, and of these with the codes of the groups from h on.
void GridFit::add_code_products(RowTile& tile, std::vector<Normal>& normals) const {
  const PanelRange codes = tile.range(tile.work), products = tile.range(tile.products);
  const int64_t groups = static_cast<int64_t>(order_.groups.size()), size = 2 * groups;
  for (int64_t h = 0; h < groups; ++h) {
    const ColumnGroup& group = order_.groups[static_cast<size_t>(h)];
    for (int64_t p = 0; p < tile.panels; ++p) {
      std::fill(tile.products.panel(p) + group.begin * kRowPanel, tile.products.panel(p) + products.stride,
                0.0);
    }
    subtract_product(kernel_, codes, hessian_, products, group.begin, hessian_.cols(), group.begin,
                     group.end);
    for (int64_t p = 0; p < tile.panels; ++p) {
      double* matrix = normals[static_cast<size_t>(p)].matrix.data();
      for (int64_t g = h; g < groups; ++g) {
        const ColumnGroup& other = order_.groups[static_cast<size_t>(g)];
        double sum[kRowPanel] = {};
        for (int64_t j = other.begin * kRowPanel; j < other.end * kRowPanel; j += kRowPanel) {
          const double* c = tile.work.panel(p) + j;
          const double* product = tile.products.panel(p) + j;
          for (int64_t lane = 0; lane < kRowPanel; ++lane) sum[lane] -= c[lane] * product[lane];
        }
        std::copy_n(sum, kRowPanel, matrix + (g * size + h) * kRowPanel);
        std::copy_n(sum, kRowPanel, matrix + (h * size + g) * kRowPanel);
      }
    }
  }
}

// The parts of the matrix with ones.
void GridFit::add_ones(const RowTile& tile, int64_t panel, Normal& normal) const {
  const int64_t n = order_.positions(), groups = static_cast<int64_t>(order_.groups.size()),
                size = 2 * groups;
  double* matrix = normal.matrix.data();
  for (int64_t g = 0; g < groups; ++g) {
    const ColumnGroup& group = order_.groups[static_cast<size_t>(g)];
    for (int64_t h = 0; h < groups; ++h) {
      const double* sums = column_sums_.data() + h * n;
      double mixed[kRowPanel] = {};
      for (int64_t j = group.begin; j < group.end; ++j) {
        const double* c = tile.work.panel(panel) + j * kRowPanel;
        for (int64_t lane = 0; lane < kRowPanel; ++lane) mixed[lane] += c[lane] * sums[j];
      }
      std::copy_n(mixed, kRowPanel, matrix + (g * size + groups + h) * kRowPanel);
      std::copy_n(mixed, kRowPanel, matrix + ((groups + h) * size + g) * kRowPanel);
      std::fill_n(matrix + ((groups + g) * size + groups + h) * kRowPanel, kRowPanel,
                  group_sums_[static_cast<size_t>(g * groups + h)]);
    }
  }
}

bool GridFit::run(RowTile& tile) const {
  const int64_t n = order_.positions(), groups = static_cast<int64_t>(order_.groups.size()),
                size = 2 * groups;
  const PanelRange products = tile.range(tile.products);
  std::fill_n(products.data, products.panels * products.stride, 0.0);
  subtract_product(kernel_, tile.range(tile.errors), hessian_, products, 0, n, 0, n);
  load_codes(tile);
  std::vector<Normal> normals(static_cast<size_t>(tile.panels));
  for (int64_t p = 0; p < tile.panels; ++p) {
    Normal& normal = normals[static_cast<size_t>(p)];
    normal.matrix.resize(static_cast<size_t>(size * size * kRowPanel));
    normal.gradient.resize(static_cast<size_t>(size * kRowPanel));
    for (int64_t g = 0; g < groups; ++g) {
      const ColumnGroup& group = order_.groups[static_cast<size_t>(g)];
      double* of_scale = normal.gradient.data() + g * kRowPanel;
      double* of_offset = normal.gradient.data() + (groups + g) * kRowPanel;
      for (int64_t j = group.begin * kRowPanel; j < (group.begin + group.columns) * kRowPanel;
           j += kRowPanel) {
        const double* product = tile.products.panel(p) + j;
        const double* c = tile.work.panel(p) + j;
        for (int64_t lane = 0; lane < kRowPanel; ++lane) {
          of_scale[lane] -= c[lane] * product[lane];
          of_offset[lane] -= product[lane];
        }
      }
    }
  }
  add_code_products(tile, normals);
  bool changed = false;
  for (int64_t p = 0; p < tile.panels; ++p) {
    add_ones(tile, p, normals[static_cast<size_t>(p)]);
    if (fit_panel(tile, p, normals[static_cast<size_t>(p)])) changed = true;
  }
  return changed;
}

bool GridFit::fit_panel(const RowTile& tile, int64_t panel, const Normal& normal) const {
  const int64_t groups = static_cast<int64_t>(order_.groups.size()), size = 2 * groups;
  const int64_t lanes = tile.lanes(panel);
  const auto grid_of = [&](int64_t lane, int64_t g) -> Grid& {
    const int64_t group = order_.groups[static_cast<size_t>(g)].group;
    return rows_.grids[static_cast<size_t>(tile.row(panel, lane) * rows_.groups + group)];
  };
  // The steps of scales and offsets to the minimum.
  std::vector<double> steps;
  if (layer_.grid.kind != GridKind::symmetric) {
    std::vector<double> matrix = normal.matrix;
    steps = normal.gradient;
    add_ridge(matrix, size);
    solve_lanes(matrix, steps, size);
  }
  std::vector<Grid> next(static_cast<size_t>(groups * kRowPanel));
  for (int64_t lane = 0; lane < lanes; ++lane) {
    for (int64_t g = 0; g < groups; ++g) {
      const Grid& now = grid_of(lane, g);
      Grid& grid = next[static_cast<size_t>(g * kRowPanel + lane)] = now;
      if (steps.empty()) continue;
      const double scale = now.scale + steps[static_cast<size_t>(g * kRowPanel + lane)];
      const double offset = offset_of(now) + steps[static_cast<size_t>((groups + g) * kRowPanel + lane)];
      if (!is_scale(to_float16(scale)) || !(std::abs(offset) <= kFloat16Max)) continue;
      if (layer_.grid.kind == GridKind::offset) {
        grid = {to_float16(scale), 0, to_float16(offset)};
      } else {
        const double zero = std::nearbyint(-offset / scale);
        grid.zero = static_cast<int>(std::clamp(zero, 0.0, static_cast<double>(layer_.grid.max_code())));
      }
    }
  }
  if (layer_.grid.kind != GridKind::offset) {
    // Scales that are best with these zero points z: least squares over s_g (c_g - z_g 1_g).
    std::vector<double> matrix(static_cast<size_t>(groups * groups * kRowPanel));
    std::vector<double> step(static_cast<size_t>(groups * kRowPanel));
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const RowFit row(normal.matrix, normal.gradient, groups, lane);
      const auto zero = [&](int64_t g) { return next[static_cast<size_t>(g * kRowPanel + lane)].zero; };
      for (int64_t g = 0; g < groups; ++g) {
        double gradient = row.gradient(g) - zero(g) * row.gradient(groups + g);
        for (int64_t h = 0; h < groups; ++h) {
          const double code = row.matrix(g, h) - zero(g) * row.matrix(groups + g, h);
          const double one = row.matrix(g, groups + h) - zero(g) * row.matrix(groups + g, groups + h);
          matrix[static_cast<size_t>((g * groups + h) * kRowPanel + lane)] = code - zero(h) * one;
          // The gradient where the scales are the present ones with the new zero points.
          const Grid& now = grid_of(lane, h);
          gradient += one * now.scale * (zero(h) - now.zero);
        }
        step[static_cast<size_t>(g * kRowPanel + lane)] = gradient;
      }
    }
    add_ridge(matrix, groups);
    solve_lanes(matrix, step, groups);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      for (int64_t g = 0; g < groups; ++g) {
        Grid& grid = next[static_cast<size_t>(g * kRowPanel + lane)];
        const float scale = to_float16(grid.scale + step[static_cast<size_t>(g * kRowPanel + lane)]);
        if (is_scale(scale)) {
          grid.scale = scale;
        } else {
          grid = grid_of(lane, g);
        }
      }
    }
  }
  bool changed = false;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    std::vector<double> step(static_cast<size_t>(size));
    for (int64_t g = 0; g < groups; ++g) {
      const Grid& to = next[static_cast<size_t>(g * kRowPanel + lane)];
      const Grid& from = grid_of(lane, g);
      step[static_cast<size_t>(g)] = static_cast<double>(to.scale) - from.scale;
      step[static_cast<size_t>(groups + g)] = offset_of(to) - offset_of(from);
    }
    if (!(RowFit(normal.matrix, normal.gradient, groups, lane).change(step) < 0)) continue;
    for (int64_t g = 0; g < groups; ++g) grid_of(lane, g) = next[static_cast<size_t>(g * kRowPanel + lane)];
    changed = true;
  }
  return changed;
}

}  // namespace qn
