// Native objects held by JavaScript: an External with a type tag, so that one kind is never taken for
// another.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

namespace qn::bindings {

template <class T>
struct HandleTag;  // { static constexpr napi_type_tag value; static constexpr const char* name; }

template <class T>
Napi::Value make_handle(Napi::Env env, std::shared_ptr<T> object) {
  auto external = Napi::External<std::shared_ptr<T>>::New(env, new std::shared_ptr<T>(std::move(object)),
                                                          [](Napi::Env, std::shared_ptr<T>* p) { delete p; });
  external.TypeTag(&HandleTag<T>::value);
  return external;
}

// Throws when the value is no such handle, or was released.
template <class T>
std::shared_ptr<T>& handle_slot(const Napi::Value& value) {
  if (!value.IsExternal() ||
      !value.As<Napi::External<std::shared_ptr<T>>>().CheckTypeTag(&HandleTag<T>::value)) {
    throw Napi::TypeError::New(value.Env(), std::string("expected a ") + HandleTag<T>::name);
  }
  return *value.As<Napi::External<std::shared_ptr<T>>>().Data();
}

template <class T>
std::shared_ptr<T> from_handle(const Napi::Value& value) {
  std::shared_ptr<T>& slot = handle_slot<T>(value);
  if (!slot) throw Napi::Error::New(value.Env(), std::string("this ") + HandleTag<T>::name + " was released");
  return slot;
}

}  // namespace qn::bindings
