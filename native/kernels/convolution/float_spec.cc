#include "native/kernels/convolution/float_spec.h"

#include "native/core/fused.h"
#include "native/kernels/convolution/float_scratch.h"

namespace qn {
namespace {

std::int64_t bytes_of(const View& view) {
  std::int64_t bytes = sizeof(float);
  for (std::int32_t d = 0; d < view.rank; d++) bytes *= view.dim[d];
  return bytes;
}

}  // namespace

std::string check_float_convolution(const Call& call, int lo) {
  if (call.in[1].weight->format == WeightFormat::i8)
    return "codes of i8 panels have no scales: use conv2d_u8 or conv2d_dynamic";
  const double least = call.attribute[lo], greatest = call.attribute[lo + 1];
  if (least <= greatest) return {};
  return "lo " + std::to_string(least) + " .. hi " + std::to_string(greatest) + " is not a range of values";
}

std::int64_t float_convolution_bytes(const Call& call) {
  const Weight& w = *call.in[1].weight;
  std::int64_t bytes = bytes_of(call.in[0]) + bytes_of(call.in[2]) + bytes_of(call.out[0]) +
                       w.panels * (w.panel_bytes + w.groups * w.param_bytes);
  for (std::int32_t s = 0; s < call.fused_steps; s++) {
    if (call.fused[s].operand >= 0) bytes += bytes_of(operand_read(call, call.fused[s]));
  }
  return bytes;
}

std::int64_t float_convolution_scratch_bytes(const Call&) { return sizeof(Scratch); }

std::int64_t float_convolution_channels(const Call& call) { return call.out[0].dim[3]; }

}  // namespace qn
