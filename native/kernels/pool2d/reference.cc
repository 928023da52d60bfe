#include <cmath>
#include <limits>

#include "native/elementwise/apply_fused.h"
#include "native/kernels/pool2d/pool2d.h"

namespace qn {
namespace {

// Calls cell(sum, x) for each cell of each window from start on, and finish(sum, cells) for the result.
template <class T, class Sum, class Cell, class Finish>
void pool(const Call& call, int64_t begin, int64_t end, Sum start, Cell cell, Finish finish) {
  const View &x = call.in[0], &y = call.out[0];
  const WindowAxis h = pool_axis(call, 0), w = pool_axis(call, 1);
  for (int64_t item = begin; item < end; item++) {
    const int64_t image = item / h.outputs, row = item % h.outputs;
    const TapRange rows = taps_inside(h, row);
    for (int64_t column = 0; column < w.outputs; column++) {
      const TapRange columns = taps_inside(w, column);
      for (int64_t c = 0; c < y.dim[3]; c++) {
        Sum sum = start;
        for (int64_t ky = rows.begin; ky < rows.end; ky++) {
          for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            const int64_t pixel =
                (image * h.inputs + first_cell(h, row) + ky) * w.inputs + first_cell(w, column) + kx;
            sum = cell(sum, static_cast<const T*>(x.data)[pixel * x.stride + c]);
          }
        }
        const int64_t cells = (rows.end - rows.begin) * (columns.end - columns.begin);
        static_cast<T*>(y.data)[(item * w.outputs + column) * y.stride + c] = finish(sum, cells);
      }
    }
    apply_fused_reference(call, {item * w.outputs, w.outputs, 1, 0, y.dim[3]});
  }
}

// Keeps NaN.
float clamp(float x, float lo, float hi) {
  const float raised = lo > x ? lo : x;
  return hi < raised ? hi : raised;
}

}  // namespace

void max_pool2d_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const float lo = static_cast<float>(call.attribute[kPoolLo]);
  const float hi = static_cast<float>(call.attribute[kPoolHi]);
  const auto larger = [](float largest, float x) { return x > largest ? x : largest; };
  const auto clamped = [&](float largest, int64_t) { return clamp(largest, lo, hi); };
  if (call.out[0].dtype == DType::f32) {
    pool<float>(call, begin, end, -std::numeric_limits<float>::infinity(), larger, clamped);
  } else {
    pool<uint8_t>(call, begin, end, 0.0f, larger, [&](float largest, int64_t cells) {
      return static_cast<uint8_t>(clamped(largest, cells));
    });
  }
}

void average_pool2d_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const float lo = static_cast<float>(call.attribute[kPoolLo]);
  const float hi = static_cast<float>(call.attribute[kPoolHi]);
  if (call.out[0].dtype == DType::f32) {
    pool<float>(
        call, begin, end, 0.0f, [](float sum, float x) { return sum + x; },
        [&](float sum, int64_t cells) { return clamp(sum / static_cast<float>(cells), lo, hi); });
    return;
  }
  const int64_t x_zero = pool_size(call, kPoolXZero);
  const float multiplier = static_cast<float>(call.attribute[kPoolMultiplier]);
  const float y_zero = static_cast<float>(call.attribute[kPoolYZero]);
  pool<uint8_t>(
      call, begin, end, int64_t{0}, [](int64_t sum, uint8_t x) { return sum + x; },
      [&](int64_t sum, int64_t cells) {
        const float mean = static_cast<float>(sum - cells * x_zero) / static_cast<float>(cells);
        const float code = std::nearbyint(clamp(mean * multiplier, lo - y_zero, hi - y_zero)) + y_zero;
        return static_cast<uint8_t>(code);
      });
}

}  // namespace qn
