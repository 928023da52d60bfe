// Images resized, placed in a model's input and normalized, in one pass over the rows.
#pragma once

#include <atomic>
#include <cstdint>

#include "native/core/call.h"
#include "native/core/thread_pool.h"
#include "native/image/row_kernels.h"

namespace qn::image {

// Which program's bilinear resize, bit for bit: sampling.h. The first two give float32 values, the others
// bytes.
enum class ResizeMode { tf_legacy, tf2, cv2, pil };

struct Image {
  const uint8_t* pixels;  // [height, width, 3]
  int64_t width, height;
};

// A model's input and the rectangle of it that the resized image fills. The rest holds the value 0,
// normalized like every other.
struct Canvas {
  int64_t width, height;
  int64_t left, top, image_width, image_height;
};

struct Resize {
  Image image;
  ResizeMode mode;
  Canvas canvas;
  // cv2 only: output pixels for a source pixel, where they are not image_width / width and so on.
  double scale_x, scale_y;
};

struct ImageExecution {
  ThreadPool& pool;
  const RowKernels& kernels;
  const std::atomic<bool>* stop = nullptr;  // pool.run throws Aborted when it became true
};

// The kernels of an instruction set that this CPU has; of one without kernels of its own, those of the best
// it builds on.
const RowKernels& row_kernels(Isa isa);

// out: [canvas.height, canvas.width, 3]. Sizes are positive and the rectangle lies within the canvas.
void resize(const Resize& request, const Normalization& to, const ImageExecution& execution, float* out);
// Values that are no bytes yet are rounded to the nearest, halves to even.
void resize(const Resize& request, const ImageExecution& execution, uint8_t* out);

}  // namespace qn::image
