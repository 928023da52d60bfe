#pragma once

#include <napi.h>

#include "native/core/session.h"

namespace qn::bindings {

// openFile, loadWeights, readMatrix, releaseWeight
void init_weight(Napi::Env env, Napi::Object exports);

// A weight handle as a constant of a session (its tensor number is still unset).
Constant constant_from_handle(const Napi::Value& value);

}  // namespace qn::bindings
