#include "native/kernels/convolution/u8_spec.h"

#include "native/core/fused.h"
#include "native/kernels/convolution/u8_blocking.h"

namespace qn {
namespace {

int64_t bytes_of(const View& view) {
  int64_t bytes = view.dtype == DType::u8 ? 1 : 4;
  for (int32_t d = 0; d < view.rank; d++) bytes *= view.dim[d];
  return bytes;
}

}  // namespace

std::string check_dynamic_rows(const Call& call, ConvolutionForm form) {
  const View &x = call.in[0], &y = call.out[0];
  const int64_t rows = call.in[kDynamicParams].dim[0];
  if (rows == x.dim[0]) return {};
  const bool pointwise = form == ConvolutionForm::ordinary && u8_weight(call).cols == x.dim[3] &&
                         size_attribute(call, kStrideH) == 1 && size_attribute(call, kStrideW) == 1 &&
                         size_attribute(call, kPadTop) == 0 && size_attribute(call, kPadLeft) == 0 &&
                         x.dim[1] == y.dim[1] && x.dim[2] == y.dim[2];
  const int64_t pixels = x.dim[0] * x.dim[1] * x.dim[2];
  if (pointwise && rows == pixels) return {};
  return "there are scales and zeros for " + std::to_string(rows) + " rows, and not for " +
         std::to_string(x.dim[0]) + " images" +
         (pointwise ? " or " + std::to_string(pixels) + " pixels" : std::string());
}

int64_t u8_convolution_bytes(const Call& call, int last) {
  const Weight& w = u8_weight(call);
  int64_t bytes = bytes_of(call.out[0]) + w.panels * (w.panel_bytes + w.groups * w.param_bytes);
  for (int i = 0; i <= last; i++) bytes += call.in[i].weight ? 0 : bytes_of(call.in[i]);
  for (int32_t s = 0; s < call.fused_steps; s++) {
    if (call.fused[s].operand >= 0) bytes += bytes_of(operand_read(call, call.fused[s]));
  }
  return bytes;
}

int64_t u8_convolution_operations(const Call& call, ConvolutionForm form) {
  int64_t products = 0;
  for (int64_t phase = 0; phase < phases_of(call, form); ++phase) {
    const Convolution c = phase_of(call, form, phase);
    products += pixels_of(c) * taps_of(c) * c.in_channels * c.out_channels;
  }
  return 2 * products;
}

int64_t u8_convolution_outputs(const Call& call, ConvolutionForm form) {
  int64_t count = 0;
  for (int64_t phase = 0; phase < phases_of(call, form); ++phase)
    count += pixels_of(phase_of(call, form, phase));
  return count;
}

}  // namespace qn
