#pragma once

#include <napi.h>

namespace qn::bindings {

// solveMatrix, correctTarget, hadamard: one linear layer on typed arrays (src/quantize/solver.ts)
void init_solver(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
