// What the specifications of the float ops share.
#pragma once

#include <cstdint>
#include <string>

#include "native/core/call.h"

namespace qn {

// The reason why the kernels cannot read the weight, empty when they can.
std::string check_float_weight(const Call& call);
// The input, the weight and the bias read, fused operands too, and the result written, each once.
std::int64_t float_convolution_bytes(const Call& call);
std::int64_t float_convolution_scratch_bytes(const Call& call);
std::int64_t float_convolution_channels(const Call& call);

}  // namespace qn
