#include "native/core/broadcast.h"
#include "native/core/float_math.h"
#include "native/kernels/reduce/reduce.h"

namespace qn {
namespace {

float total(const float* x, int64_t count, int64_t step) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i * step];
  return static_cast<float>(sum);
}

float mean(const float* x, int64_t count, int64_t step) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i * step];
  return static_cast<float>(sum / static_cast<double>(count));
}

// sign: 1 for the greatest, -1 for the least.
float extremum(const float* x, int64_t count, int64_t step, float sign) {
  float best = -infinity();
  for (int64_t i = 0; i < count; i++) {
    const float value = sign * x[i * step];
    if (value != value) return value;
    if (value > best) best = value;
  }
  return sign * best;
}

}  // namespace

void reduce_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const View &x = call.in[0], &y = call.out[0];
  const ReduceKind kind = static_cast<ReduceKind>(call.attribute[kReduceKind]);
  const int32_t axis = reduced_axis(call);
  const int64_t count = x.dim[axis], step = axis_step(x, axis);
  // An item is an element of y.
  for (int64_t i = begin; i < end; i++) {
    int64_t from = 0, to = 0, rest = i;
    for (int32_t d = y.rank - 1; d >= 0; d--) {
      const int64_t index = rest % y.dim[d];
      rest /= y.dim[d];
      from += index * axis_step(x, d);
      to += index * axis_step(y, d);
    }
    const float* values = static_cast<const float*>(x.data) + from;
    float& result = static_cast<float*>(y.data)[to];
    switch (kind) {
      case ReduceKind::mean:
        result = mean(values, count, step);
        break;
      case ReduceKind::sum:
        result = total(values, count, step);
        break;
      case ReduceKind::maximum:
        result = extremum(values, count, step, 1.0f);
        break;
      case ReduceKind::minimum:
        result = extremum(values, count, step, -1.0f);
        break;
    }
  }
}

}  // namespace qn
