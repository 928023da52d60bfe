#pragma once

#include <napi.h>

namespace qn::bindings {

// createSession, runSession, resetSession, planSession, releaseSession
void init_session(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
