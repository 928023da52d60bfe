#pragma once

#include <napi.h>

namespace qn::bindings {

// suppressBoxes, detectionPostprocess, decodeBoxes, decodeCenterNet, decodeSidedCenterNet, ssdAnchors,
// pyramidAnchors: what detectors' outputs mean (src/detection/)
void init_detection(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
