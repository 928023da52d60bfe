#include "native/core/window_check.h"

#include <cmath>

namespace qn {
namespace {

constexpr double kLimit = 1 << 20;

std::string text_of(double value) {
  return value == std::floor(value) && std::fabs(value) < 1e15 ? std::to_string(static_cast<long long>(value))
                                                               : std::to_string(value);
}

}  // namespace

std::string check_window(const char* side, double taps, double stride, double dilation, double pad) {
  struct Part {
    const char* name;
    double value;
    double least;
  };
  for (const Part& part : {Part{"window", taps, 1}, Part{"stride", stride, 1}, Part{"dilation", dilation, 1},
                           Part{"padding", pad, 0}}) {
    if (!(part.value >= part.least && part.value < kLimit) || part.value != std::floor(part.value)) {
      return std::string(part.name) + " of the " + side + ": expected a whole number from " +
             text_of(part.least) + " to 2^20, got " + text_of(part.value);
    }
  }
  return {};
}

std::string check_no_empty_window(const char* side, const WindowAxis& axis) {
  if (axis.outputs == 0) return {};
  for (const int64_t output : {int64_t{0}, axis.outputs - 1}) {
    const TapRange taps = taps_inside(axis, output);
    if (taps.begin == taps.end) {
      return std::string("the window of output ") + std::to_string(output) + " of the " + side +
             " lies in the padding";
    }
  }
  return {};
}

}  // namespace qn
