#include "native/image/resize.h"

#include <algorithm>
#include <vector>

#include "native/image/row_sources.h"

namespace qn::image {
namespace {

// Output rows that one thread works on before it takes the next: neighbours share source rows, and the first
// of a piece must resize its own.
constexpr int64_t kGrain = 32;

// Turns resized values into those of the output.
struct ToFloat {
  using Out = float;
  const Normalization& normalization;
  const RowKernels& kernels;
  void operator()(const uint8_t* in, int64_t pixels, float* out) const {
    kernels.normalize_bytes(in, pixels, normalization, out);
  }
  void operator()(const float* in, int64_t pixels, float* out) const {
    kernels.normalize_floats(in, pixels, normalization, out);
  }
};

struct ToByte {
  using Out = uint8_t;
  const RowKernels& kernels;
  void operator()(const uint8_t* in, int64_t pixels, uint8_t* out) const {
    std::copy_n(in, pixels * kChannels, out);
  }
  void operator()(const float* in, int64_t pixels, uint8_t* out) const {
    kernels.round_floats(in, pixels * kChannels, out);
  }
};

template <class Rows, class Sampling, class Convert>
void resize_rows(const Resize& request, const Convert& convert, const ImageExecution& execution,
                 typename Convert::Out* out) {
  using Out = typename Convert::Out;
  const Canvas& canvas = request.canvas;
  const Sampling sampling(request);
  const int64_t row_elements = canvas.width * kChannels;
  const int64_t left = canvas.left * kChannels, right = left + canvas.image_width * kChannels;
  const std::vector<uint8_t> black(static_cast<size_t>(row_elements));
  std::vector<Out> blank(static_cast<size_t>(row_elements));
  convert(black.data(), canvas.width, blank.data());

  const auto piece = [&](int64_t begin, int64_t end, int) {
    Rows rows(request, sampling, execution.kernels);
    std::vector<typename Rows::Value> values(static_cast<size_t>(canvas.image_width * kChannels));
    for (int64_t y = begin; y < end; y++) {
      Out* line = out + y * row_elements;
      const int64_t image_y = y - canvas.top;
      if (image_y < 0 || image_y >= canvas.image_height) {
        std::copy(blank.begin(), blank.end(), line);
        continue;
      }
      std::copy_n(blank.begin(), left, line);
      rows.row(image_y, values.data());
      convert(values.data(), canvas.image_width, line + left);
      std::copy(blank.begin() + right, blank.end(), line + right);
    }
  };
  execution.pool.run(canvas.height, kGrain, piece, execution.stop);
}

template <class Convert>
void resize_as(const Resize& request, const Convert& convert, const ImageExecution& execution,
               typename Convert::Out* out) {
  switch (request.mode) {
    case ResizeMode::tf_legacy:
    case ResizeMode::tf2:
      return resize_rows<FloatRows, FloatSampling>(request, convert, execution, out);
    case ResizeMode::cv2:
      return resize_rows<FixedRows, FixedSampling>(request, convert, execution, out);
    case ResizeMode::pil:
      return resize_rows<FilterRows, FilterSampling>(request, convert, execution, out);
  }
}

}  // namespace

const RowKernels& row_kernels(Isa isa) {
#if defined(QN_X86)
  if (isa == Isa::avx2 || isa == Isa::avxvnni || isa == Isa::avx512) return kAvx2Rows;
#endif
  (void)isa;
  return kReferenceRows;
}

void resize(const Resize& request, const Normalization& to, const ImageExecution& execution, float* out) {
  resize_as(request, ToFloat{to, execution.kernels}, execution, out);
}

void resize(const Resize& request, const ImageExecution& execution, uint8_t* out) {
  resize_as(request, ToByte{execution.kernels}, execution, out);
}

}  // namespace qn::image
