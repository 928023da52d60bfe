// Whether a step's attributes make a window (window.h).
#pragma once

#include <string>

#include "native/core/window.h"

namespace qn {

// Sizes must be whole and positive, the padding whole and not negative, all below 2^20, which keeps every
// product of them in 64 bits. `side` is "height" or "width". Returns the reason, empty when all is well.
std::string check_window(const char* side, double taps, double stride, double dilation, double pad);

// That each output's window has a cell that is no padding.
std::string check_no_empty_window(const char* side, const WindowAxis& axis);

}  // namespace qn
