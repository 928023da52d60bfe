// JavaScript's descriptions of weight sources (src/native/face.ts, WeightSource).
#pragma once

#include <napi.h>

#include "native/quant/weight_source.h"

namespace qn::bindings {

// (path) -> file
Napi::Value open_file(const Napi::CallbackInfo& info);

// Arrays are copied: JavaScript may do with its own as it likes while a job runs.
WeightSource read_source(const Napi::Object& object);

}  // namespace qn::bindings
