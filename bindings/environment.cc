#include "bindings/environment.h"

#include "native/core/platform.h"
#include "native/cpu/backend.h"
#include "native/cpu/features.h"

namespace qn::bindings {
namespace {

// () -> what this machine and this build have
Napi::Value environment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto& list = cpu::isas();
  Napi::Array isas = Napi::Array::New(env, list.size());
  for (std::uint32_t i = 0; i < list.size(); i++) {
    Napi::Object isa = Napi::Object::New(env);
    isa.Set("name", list[i].name);
    isa.Set("usable", list[i].usable);
    isa.Set("reason", list[i].reason);
    isa.Set("emulated", list[i].emulated);
    isas.Set(i, isa);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("cpu", cpu::cpu_name());
  object.Set("isas", isas);
  object.Set("bestIsa", cpu::name_of(cpu::best_isa()));
  object.Set("avx512Bf16", cpu::has_avx512_bf16());
  object.Set("processors", platform::available_processors());
  object.Set("availableMemory", static_cast<double>(platform::available_memory()));
  return object;
}

// () -> every op with its kernels in order of preference
Napi::Value ops(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array array = Napi::Array::New(env);
  for (const OpSpec* op : cpu::ops()) {
    Napi::Array kernels = Napi::Array::New(env, op->kernels.size());
    for (std::uint32_t i = 0; i < op->kernels.size(); i++) {
      Napi::Object kernel = Napi::Object::New(env);
      kernel.Set("name", op->kernels[i].name);
      kernel.Set("isa", cpu::name_of(op->kernels[i].isa));
      kernels.Set(i, kernel);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", op->name);
    object.Set("signature", op->signature);
    object.Set("kernels", kernels);
    array.Set(array.Length(), object);
  }
  return array;
}

}  // namespace

void init_environment(Napi::Env env, Napi::Object exports) {
  exports.Set("environment", Napi::Function::New(env, environment, "environment"));
  exports.Set("ops", Napi::Function::New(env, ops, "ops"));
}

}  // namespace qn::bindings
