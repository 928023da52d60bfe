#pragma once

#include <napi.h>

namespace qn::bindings {

// quantizeMatrix, packMatrix, unpackMatrix, dequantizeMatrix, dequantizeBlocks, linearMatrix, repackMatrix:
// the library's functions on typed arrays (src/quantize/arrays.ts)
void init_quant(Napi::Env env, Napi::Object exports);

}  // namespace qn::bindings
