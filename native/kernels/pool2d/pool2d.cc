#include "native/kernels/pool2d/pool2d.h"

#include <cmath>
#include <limits>

#include "native/core/op.h"
#include "native/core/window_check.h"

namespace qn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr AttributeSpec kMaxAttributesList[] = {
    {"window_h", 0, true}, {"window_w", 0, true},  {"stride_h", 1, false},    {"stride_w", 1, false},
    {"pad_top", 0, false}, {"pad_left", 0, false}, {"lo", -kInfinity, false}, {"hi", kInfinity, false},
};
constexpr AttributeSpec kAverageAttributesList[] = {
    {"window_h", 0, true}, {"window_w", 0, true},    {"stride_h", 1, false},    {"stride_w", 1, false},
    {"pad_top", 0, false}, {"pad_left", 0, false},   {"lo", -kInfinity, false}, {"hi", kInfinity, false},
    {"x_zero", 0, false},  {"multiplier", 1, false}, {"y_zero", 0, false},
};

bool is_code(double value) { return value >= 0 && value <= 255 && value == std::floor(value); }

std::string check_max(const Call& call) {
  const View &x = call.in[0], &y = call.out[0];
  if (x.dtype != y.dtype) return "the input and the output have different types";
  for (int side = 0; side < 2; side++) {
    const char* name = side == 0 ? "height" : "width";
    const std::string reason =
        check_window(name, call.attribute[kPoolWindowH + side], call.attribute[kPoolStrideH + side], 1,
                     call.attribute[kPoolPadTop + side]);
    if (!reason.empty()) return reason;
    const std::string empty = check_no_empty_window(name, pool_axis(call, side));
    if (!empty.empty()) return empty;
  }
  const double lo = call.attribute[kPoolLo], hi = call.attribute[kPoolHi];
  if (!(lo <= hi)) return "lo is greater than hi";
  if (x.dtype == DType::u8 && (!is_code(lo) || !is_code(hi))) return "lo and hi are no codes of u8";
  return {};
}

std::string check_average(const Call& call) {
  const std::string reason = check_max(call);
  if (!reason.empty() || call.in[0].dtype == DType::f32) return reason;
  if (!is_code(call.attribute[kPoolXZero])) return "x_zero is no code of u8";
  if (!is_code(call.attribute[kPoolYZero])) return "y_zero is no code of u8";
  if (!std::isfinite(call.attribute[kPoolMultiplier])) return "multiplier is not finite";
  // Sums of centred codes are exact in float32.
  if (pool_size(call, kPoolWindowH) * pool_size(call, kPoolWindowW) > (1 << 16))
    return "the window has more than 65536 cells";
  return {};
}

int64_t elements_of(const View& view) { return view.dim[0] * view.dim[1] * view.dim[2] * view.dim[3]; }

int64_t bytes(const Call& call) {
  return (elements_of(call.in[0]) + elements_of(call.out[0])) * (call.in[0].dtype == DType::u8 ? 1 : 4);
}

int64_t operations(const Call& call) {
  return elements_of(call.out[0]) * pool_size(call, kPoolWindowH) * pool_size(call, kPoolWindowW);
}

constexpr Kernel kMaxKernels[] = {
#if defined(QN_X86)
    {"max_pool2d_avx512", Isa::avx512, max_pool2d_avx512, nullptr, pool_items},
    {"max_pool2d_avx2", Isa::avx2, max_pool2d_avx2, nullptr, pool_items},
#endif
    {"max_pool2d_reference", Isa::reference, max_pool2d_reference, nullptr, pool_items},
};

constexpr Kernel kAverageKernels[] = {
#if defined(QN_X86)
    {"average_pool2d_avx512", Isa::avx512, average_pool2d_avx512, nullptr, pool_items},
    {"average_pool2d_avx2", Isa::avx2, average_pool2d_avx2, nullptr, pool_items},
#endif
    {"average_pool2d_reference", Isa::reference, average_pool2d_reference, nullptr, pool_items},
};

}  // namespace

const OpSpec& max_pool2d_op() {
  static const OpSpec spec{
      .name = "max_pool2d",
      .signature = "f32|u8[N,H,W,C], ... -> f32|u8[N,P,Q,C]",
      .attributes = kMaxAttributesList,
      .check = check_max,
      .bytes = bytes,
      .operations = operations,
      .kernels = kMaxKernels,
      .strided = true,
  };
  return spec;
}

const OpSpec& average_pool2d_op() {
  static const OpSpec spec{
      .name = "average_pool2d",
      .signature = "f32|u8[N,H,W,C], ... -> f32|u8[N,P,Q,C]",
      .attributes = kAverageAttributesList,
      .check = check_average,
      .bytes = bytes,
      .operations = operations,
      .kernels = kAverageKernels,
      .strided = true,
  };
  return spec;
}

}  // namespace qn
