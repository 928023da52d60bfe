#pragma once

#include <napi.h>

#include "native/core/program.h"

namespace qn::bindings {

// The JSON form of src/program/program.ts to the core's; indices and shapes are checked by the core.
Program read_program(const Napi::Object& object);

}  // namespace qn::bindings
