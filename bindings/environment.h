#pragma once

#include <napi.h>

namespace qn::bindings {

// environment, ops
void init_environment(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
