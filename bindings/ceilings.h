#pragma once

#include <napi.h>

namespace qn::bindings {

// measureCeilings
void init_ceilings(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
