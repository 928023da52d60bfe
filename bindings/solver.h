#pragma once

#include <napi.h>

namespace qn::bindings {

// solveMatrix: GPTQ and round-to-nearest on one layer (src/quantize/solver.ts)
void init_solver(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
