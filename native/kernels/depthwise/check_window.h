#pragma once

#include <string>

#include "native/core/call.h"

namespace qn {

// That the first eight of DepthwiseAttribute are a window, with a row of `weight` [T, O] for each of its
// taps. Returns the reason, empty when all is well.
std::string check_depthwise_window(const Call& call, const View& weight);

}  // namespace qn
