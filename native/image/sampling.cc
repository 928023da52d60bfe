#include "native/image/sampling.h"

#include <algorithm>
#include <cmath>

namespace qn::image {

std::vector<FloatTap> float_taps(int64_t in, int64_t out, bool half_pixel_centers) {
  std::vector<FloatTap> taps;
  taps.reserve(static_cast<size_t>(out));
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  for (int64_t i = 0; i < out; i++) {
    const float position =
        half_pixel_centers ? (static_cast<float>(i) + 0.5f) * scale - 0.5f : static_cast<float>(i) * scale;
    const float below = std::floor(position);
    if (below < 0) {  // between the border and itself
      taps.push_back({0, 0, 0.f});
      continue;
    }
    const int32_t left = static_cast<int32_t>(std::min(static_cast<int64_t>(below), in - 1));
    const int32_t right = static_cast<int32_t>(std::min<int64_t>(left + 1, in - 1));
    taps.push_back({left, right, position - below});
  }
  return taps;
}

std::vector<FixedTap> fixed_taps(int64_t in, int64_t out, double scale, Axis axis) {
  std::vector<FixedTap> taps;
  taps.reserve(static_cast<size_t>(out));
  const double step = 1. / scale;
  const int32_t last = static_cast<int32_t>(in - 1);
  for (int64_t i = 0; i < out; i++) {
    const float position = static_cast<float>((static_cast<double>(i) + 0.5) * step - 0.5);
    int32_t left = static_cast<int32_t>(std::floor(position));
    float weight = position - static_cast<float>(left);
    if (axis == Axis::horizontal && (left < 0 || left >= last)) {
      left = left < 0 ? 0 : last;
      weight = 0;
    }
    taps.push_back({std::clamp(left, 0, last), std::clamp(left + 1, 0, last),
                    static_cast<int16_t>(std::nearbyint((1.f - weight) * 2048.f)),
                    static_cast<int16_t>(std::nearbyint(weight * 2048.f))});
  }
  return taps;
}

FilterTaps filter_taps(int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.);  // of the triangle, whose half width is 1
  FilterTaps result{};
  std::vector<size_t> offsets;
  std::vector<double> triangle;
  for (int64_t i = 0; i < out; i++) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - stretch + 0.5), 0);
    const int64_t end = std::min(static_cast<int64_t>(centre + stretch + 0.5), in);
    triangle.clear();
    double sum = 0;
    for (int64_t x = first; x < end; x++) {
      const double distance = std::abs((static_cast<double>(x) - centre + 0.5) * (1. / stretch));
      triangle.push_back(distance < 1. ? 1. - distance : 0.);
      sum += triangle.back();
    }
    offsets.push_back(result.weights.size());
    for (const double weight : triangle) {
      const double share = sum != 0. ? weight / sum : weight;
      result.weights.push_back(static_cast<int32_t>(0.5 + share * (1 << kFilterBits)));
    }
    if (triangle.size() % 2 != 0) result.weights.push_back(0);
    result.taps.push_back({static_cast<int32_t>(first), static_cast<int32_t>(end - first), nullptr});
    result.longest = std::max(result.longest, end - first);
  }
  for (size_t i = 0; i < offsets.size(); i++) result.taps[i].weights = result.weights.data() + offsets[i];
  return result;
}

}  // namespace qn::image
