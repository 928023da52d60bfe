#include "native/kernels/convolution/check_geometry.h"

#include <cmath>
#include <span>

#include "native/kernels/convolution/geometry.h"

namespace qn {
namespace {

constexpr double kGreatest = 32767;
// A transposed convolution is computed phase by phase, of which there are as many as the strides' product.
constexpr double kGreatestTransposedStride = 255;

struct Size {
  const char* name;
  double least;
  double greatest = kGreatest;
};

constexpr Size kConvolutionSizes[] = {
    {"kernel_h", 1},   {"kernel_w", 1},   {"stride_h", 1}, {"stride_w", 1},
    {"dilation_h", 1}, {"dilation_w", 1}, {"pad_top", 0},  {"pad_left", 0},
};
constexpr Size kTransposedSizes[] = {
    {"kernel_h", 1},
    {"kernel_w", 1},
    {"stride_h", 1, kGreatestTransposedStride},
    {"stride_w", 1, kGreatestTransposedStride},
    {"pad_top", 0},
    {"pad_left", 0},
};
static_assert(std::size(kConvolutionSizes) == kConvolutionAttributes);
static_assert(std::size(kTransposedSizes) == kTransposedAttributes);

std::string check(const Call& call, std::span<const Size> sizes, std::int64_t cols) {
  for (std::size_t i = 0; i < sizes.size(); i++) {
    const auto& [name, least, greatest] = sizes[i];
    const double value = call.attribute[i];
    if (!(value >= least && value <= greatest && value == std::floor(value))) {
      return std::string(name) + " is " + std::to_string(value) + ", and not a whole number in " +
             std::to_string(static_cast<int>(least)) + " to " + std::to_string(static_cast<int>(greatest));
    }
  }
  const std::int64_t h = size_attribute(call, kKernelH), w = size_attribute(call, kKernelW);
  const std::int64_t channels = call.in[0].dim[3];
  if (cols == h * w * channels) return {};
  return "the weight has " + std::to_string(cols) + " columns, but a kernel of " + std::to_string(h) + " x " +
         std::to_string(w) + " over " + std::to_string(channels) + " channels needs " +
         std::to_string(h * w * channels);
}

}  // namespace

std::string check_convolution(const Call& call, std::int64_t cols) {
  return check(call, kConvolutionSizes, cols);
}

std::string check_transposed_convolution(const Call& call, std::int64_t cols) {
  return check(call, kTransposedSizes, cols);
}

}  // namespace qn
