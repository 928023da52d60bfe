#pragma once

#include <napi.h>

namespace qn::bindings {

// resizeImage: src/native/image-face.ts
void init_image(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
