// The anchors of SSD networks as TensorFlow's Object Detection API generates them, relative to the image,
// computed in float64 and rounded once. Order: layer, y, x, shape of the anchor (fastest).
#pragma once

#include <cstdint>
#include <vector>

#include "native/detection/box_coder.h"

namespace qn {

struct GridSize {
  int64_t height, width;
};

// anchor_generators/multiple_grid_anchor_generator.py, create_ssd_anchors, for a square image.
struct SsdAnchors {
  std::vector<GridSize> grids;  // of each feature map, the finest first; at least 2
  double min_scale, max_scale;  // of the finest and of the coarsest map, linear in between
  std::vector<double> aspect_ratios;
};

// At the centre of each cell an anchor of scale s and each aspect ratio r, s / sqrt(r) by s * sqrt(r), then a
// square one of the scale between this layer's and the next's. The finest map has three anchors only: a
// square of scale 0.1, and its own scale with the ratios 2 and 1/2.
std::vector<CentreSize> generate(const SsdAnchors& options);

// anchor_generators/multiscale_grid_anchor_generator.py: RetinaNet's (arXiv 1708.02002), and SSD FPN's.
struct PyramidAnchors {
  int64_t image_height, image_width;  // pixels
  int min_level, max_level;           // level l has a stride of 2^l pixels
  double anchor_scale;                // in strides
  std::vector<double> aspect_ratios;
  int scales_per_octave;
};

// Cells of level l are 2^l pixels apart, from half a stride where that divides the image's size and from 0
// where it does not; there are as many as ceil(size / 2^l). Their shapes: for each ratio the scales
// anchor_scale * 2^(l + i / scales_per_octave).
std::vector<CentreSize> generate(const PyramidAnchors& options);

}  // namespace qn
