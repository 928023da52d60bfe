// What the signatures of convolutions cannot say about their attributes.
#pragma once

#include <string>

#include "native/core/call.h"

namespace qn {

// Kernel sizes, strides and dilations are whole and positive, paddings whole and not negative, all small
// enough to be multiplied, and `cols`, the weight's columns, are kernel_h * kernel_w * the input's channels.
// Return the reason, empty when all is well.
std::string check_convolution(const Call& call, std::int64_t cols);
std::string check_transposed_convolution(const Call& call, std::int64_t cols);

}  // namespace qn
