// What the specifications of the integer ops share.
#pragma once

#include <cstdint>
#include <string>

#include "native/kernels/convolution/u8_convolution.h"

namespace qn {

// Whether a dynamic op has parameters for images or pixels, as it may. Returns the reason, empty when all is
// well.
std::string check_dynamic_rows(const Call& call, ConvolutionForm form);
// The inputs, the last of which is at `last`, fused operands too, and the result, each once.
std::int64_t u8_convolution_bytes(const Call& call, int last);
// Cells of the padding count, as usual.
std::int64_t u8_convolution_operations(const Call& call, ConvolutionForm form);
// The items of reference kernels.
std::int64_t u8_convolution_outputs(const Call& call, ConvolutionForm form);

}  // namespace qn
