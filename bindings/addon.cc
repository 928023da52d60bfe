// qnative.node: what JavaScript sees of the native side. src/native/addon.ts is its typed face.
#include <napi.h>

#include "bindings/ceilings.h"
#include "bindings/detection.h"
#include "bindings/environment.h"
#include "bindings/image.h"
#include "bindings/quant.h"
#include "bindings/session.h"
#include "bindings/solver.h"
#include "bindings/weight.h"

namespace {

constexpr int kApiVersion = 1;  // must equal API_VERSION in src/native/addon.ts

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("apiVersion", kApiVersion);
  qn::bindings::init_environment(env, exports);
  qn::bindings::init_weight(env, exports);
  qn::bindings::init_quant(env, exports);
  qn::bindings::init_solver(env, exports);
  qn::bindings::init_image(env, exports);
  qn::bindings::init_session(env, exports);
  qn::bindings::init_ceilings(env, exports);
  qn::bindings::init_detection(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(qnative, init)
