#include "native/core/float_math.h"
#include "native/elementwise/apply_fused.h"
#include "native/kernels/resize/resize.h"

namespace qn {
namespace {

float mix(float a, float b, float fraction) {
  return fraction == 0.0f ? a : fused_multiply_add(b - a, fraction, a);
}

float between(const float* const (&corner)[4], int64_t c, const ResizePlace& row, const ResizePlace& column) {
  return mix(mix(corner[0][c], corner[1][c], column.fraction),
             mix(corner[2][c], corner[3][c], column.fraction), row.fraction);
}

uint8_t between(const uint8_t* const (&corner)[4], int64_t c, const ResizePlace& row,
                const ResizePlace& column) {
  const int32_t right = resize_weight(column.fraction), down = resize_weight(row.fraction);
  const int32_t top = corner[0][c] * 2048 + (corner[1][c] - corner[0][c]) * right;
  const int32_t bottom = corner[2][c] * 2048 + (corner[3][c] - corner[2][c]) * right;
  return static_cast<uint8_t>((top * 2048 + (bottom - top) * down + (1 << 21)) >> 22);
}

template <class Value>
void resize_bilinear(const Call& call, int64_t begin, int64_t end) {
  const View &x = call.in[0], &y = call.out[0];
  const ResizeSampling sampling = resize_sampling(call);
  const float row_scale = resize_scale(x.dim[1], y.dim[1], sampling);
  const float column_scale = resize_scale(x.dim[2], y.dim[2], sampling);
  for (int64_t item = begin; item < end; item++) {
    const ResizePlace row = resize_place(item % y.dim[1], x.dim[1], row_scale, sampling);
    const auto pixel = [&](int64_t r, int64_t column) {
      return static_cast<const Value*>(x.data) +
             ((item / y.dim[1] * x.dim[1] + r) * x.dim[2] + column) * x.stride;
    };
    for (int64_t i = 0; i < y.dim[2]; i++) {
      const ResizePlace column = resize_place(i, x.dim[2], column_scale, sampling);
      const Value* corner[4] = {pixel(row.low, column.low), pixel(row.low, column.high),
                                pixel(row.high, column.low), pixel(row.high, column.high)};
      Value* to = static_cast<Value*>(y.data) + (item * y.dim[2] + i) * y.stride;
      for (int64_t c = 0; c < y.dim[3]; c++) to[c] = between(corner, c, row, column);
    }
    apply_fused_reference(call, {item * y.dim[2], y.dim[2], 1, 0, y.dim[3]});
  }
}

template <class Value>
void resize_nearest(const Call& call, int64_t begin, int64_t end) {
  const View &x = call.in[0], &y = call.out[0];
  const ResizeSampling sampling = resize_sampling(call);
  const float row_scale = resize_scale(x.dim[1], y.dim[1], sampling);
  const float column_scale = resize_scale(x.dim[2], y.dim[2], sampling);
  for (int64_t item = begin; item < end; item++) {
    const int64_t row = resize_nearest_source(item % y.dim[1], x.dim[1], y.dim[1], row_scale, sampling);
    for (int64_t i = 0; i < y.dim[2]; i++) {
      const int64_t column = resize_nearest_source(i, x.dim[2], y.dim[2], column_scale, sampling);
      const Value* from = static_cast<const Value*>(x.data) +
                          ((item / y.dim[1] * x.dim[1] + row) * x.dim[2] + column) * x.stride;
      Value* to = static_cast<Value*>(y.data) + (item * y.dim[2] + i) * y.stride;
      for (int64_t c = 0; c < y.dim[3]; c++) to[c] = from[c];
    }
    apply_fused_reference(call, {item * y.dim[2], y.dim[2], 1, 0, y.dim[3]});
  }
}

}  // namespace

void resize_bilinear_reference(const Call& call, int64_t begin, int64_t end, void*) {
  if (call.in[0].dtype == DType::f32) return resize_bilinear<float>(call, begin, end);
  resize_bilinear<uint8_t>(call, begin, end);
}

void resize_nearest_reference(const Call& call, int64_t begin, int64_t end, void*) {
  if (call.in[0].dtype == DType::f32) return resize_nearest<float>(call, begin, end);
  resize_nearest<uint8_t>(call, begin, end);
}

}  // namespace qn
