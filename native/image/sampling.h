// Where the pixels of a resized row or column come from, and with what weights, as TensorFlow, OpenCV and
// Pillow compute them: one entry for each output pixel along one axis.
#pragma once

#include <cstdint>
#include <vector>

#include "native/image/row_kernels.h"

namespace qn::image {

// TensorFlow's ResizeBilinear without align_corners (core/kernels/image/resize_bilinear_op.cc): source
// coordinate i * in / out (half_pixel_centers false) or (i + 0.5) * in / out - 0.5 (true), in float32.
std::vector<FloatTap> float_taps(int64_t in, int64_t out, bool half_pixel_centers);

enum class Axis { horizontal, vertical };

// OpenCV's resize with INTER_LINEAR of 8-bit images (modules/imgproc/src/resize.cpp). `scale`: output pixels
// for a source pixel, which cv2.resize takes as fx or fy, or computes as out / in. Along the vertical axis
// OpenCV repeats the border rows and keeps their weights, along the horizontal one it gives one pixel all.
std::vector<FixedTap> fixed_taps(int64_t in, int64_t out, double scale, Axis axis);

// Pillow's resize with BILINEAR of 8-bit images (src/libImaging/Resample.c): a triangle as wide as an output
// pixel where the image shrinks.
struct FilterTaps {
  std::vector<FilterTap> taps;
  std::vector<int32_t> weights;
  int64_t longest;  // the greatest count
};
FilterTaps filter_taps(int64_t in, int64_t out);

}  // namespace qn::image
