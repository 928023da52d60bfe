#include "native/detection/anchors.h"

#include <cmath>

namespace qn {
namespace {

struct Shape {
  double height, width;
};

Shape shape_of(double scale, double aspect_ratio) {
  return {scale / std::sqrt(aspect_ratio), scale * std::sqrt(aspect_ratio)};
}

// The positions of cells in one direction: offset + i * stride.
struct Axis {
  int64_t cells;
  double offset, stride;

  double at(int64_t i) const { return offset + static_cast<double>(i) * stride; }
};

void tile(const Axis& y, const Axis& x, const std::vector<Shape>& shapes, std::vector<CentreSize>& anchors) {
  for (int64_t row = 0; row < y.cells; ++row) {
    for (int64_t column = 0; column < x.cells; ++column) {
      for (const Shape& shape : shapes) {
        anchors.push_back({static_cast<float>(y.at(row)), static_cast<float>(x.at(column)),
                           static_cast<float>(shape.height), static_cast<float>(shape.width)});
      }
    }
  }
}

Axis centred(int64_t cells) {
  return {cells, 0.5 / static_cast<double>(cells), 1.0 / static_cast<double>(cells)};
}

Axis strided(int64_t size, int level) {
  const int64_t stride = int64_t{1} << level;
  const double relative = static_cast<double>(stride) / static_cast<double>(size);
  return {(size + stride - 1) / stride, size % stride == 0 ? relative / 2 : 0, relative};
}

}  // namespace

std::vector<CentreSize> generate(const SsdAnchors& options) {
  const size_t layers = options.grids.size();
  const auto scale_of = [&](size_t layer) {
    if (layer == layers) return 1.0;
    return options.min_scale + (options.max_scale - options.min_scale) * static_cast<double>(layer) /
                                   static_cast<double>(layers - 1);
  };
  std::vector<CentreSize> anchors;
  for (size_t layer = 0; layer < layers; ++layer) {
    const double scale = scale_of(layer);
    std::vector<Shape> shapes;
    if (layer == 0) {
      shapes = {shape_of(0.1, 1), shape_of(scale, 2), shape_of(scale, 0.5)};
    } else {
      for (const double ratio : options.aspect_ratios) shapes.push_back(shape_of(scale, ratio));
      shapes.push_back(shape_of(std::sqrt(scale * scale_of(layer + 1)), 1));
    }
    tile(centred(options.grids[layer].height), centred(options.grids[layer].width), shapes, anchors);
  }
  return anchors;
}

std::vector<CentreSize> generate(const PyramidAnchors& options) {
  std::vector<CentreSize> anchors;
  for (int level = options.min_level; level <= options.max_level; ++level) {
    std::vector<Shape> shapes;
    for (const double ratio : options.aspect_ratios) {
      for (int i = 0; i < options.scales_per_octave; ++i) {
        const double octave = level + static_cast<double>(i) / options.scales_per_octave;
        const Shape pixels = shape_of(options.anchor_scale * std::exp2(octave), ratio);
        shapes.push_back({pixels.height / static_cast<double>(options.image_height),
                          pixels.width / static_cast<double>(options.image_width)});
      }
    }
    tile(strided(options.image_height, level), strided(options.image_width, level), shapes, anchors);
  }
  return anchors;
}

}  // namespace qn
