// What the specifications of the float ops share.
#pragma once

#include <cstdint>
#include <string>

#include "native/core/call.h"

namespace qn {

// That the kernels can read the weight, and that attribute `lo` is not greater than the next one, hi. Returns
// the reason, empty when all is well.
std::string check_float_convolution(const Call& call, int lo);
// The input, the weight and the bias read, fused operands too, and the result written, each once.
std::int64_t float_convolution_bytes(const Call& call);
std::int64_t float_convolution_scratch_bytes(const Call& call);
std::int64_t float_convolution_channels(const Call& call);

}  // namespace qn
