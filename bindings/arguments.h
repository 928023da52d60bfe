// Reading JavaScript values. TypeScript has checked every argument with a sentence of its own; these checks
// only make sure that a mistake there is a TypeError and not a crash.
#pragma once

#include <napi.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "native/core/error.h"

namespace qn::bindings {

Napi::Object object_at(const Napi::Object& object, const char* key);
Napi::Array array_at(const Napi::Object& object, const char* key);
std::string string_at(const Napi::Object& object, const char* key);
double number_at(const Napi::Object& object, const char* key);
std::int64_t integer_at(const Napi::Object& object, const char* key);
bool flag_at(const Napi::Object& object, const char* key);  // absent: false
std::vector<std::int32_t> indices_at(const Napi::Object& object, const char* key);

struct Bytes {
  const std::uint8_t* data;
  std::size_t size;
};
// The bytes behind any typed array.
Bytes bytes_of_typed_array(const Napi::Value& value, const char* what);

// The elements of a Float32Array that must have exactly `size` of them.
const float* floats_of(const Napi::Value& value, const char* what, std::int64_t size);
const float* floats_at(const Napi::Object& object, const char* key, std::int64_t size);

// The value of the choice whose name stands at `key`.
template <class Value>
Value choice_at(const Napi::Object& object, const char* key,
                std::initializer_list<std::pair<const char*, Value>> choices) {
  const std::string name = string_at(object, key);
  for (const auto& [known, value] : choices) {
    if (name == known) return value;
  }
  throw Error(std::string("unknown ") + key + " '" + name + "'");
}

// A new typed array with these elements.
template <class Array, class Element>
Array array_of(Napi::Env env, const std::vector<Element>& elements) {
  Array array = Array::New(env, elements.size());
  if (!elements.empty()) std::memcpy(array.Data(), elements.data(), elements.size() * sizeof(Element));
  return array;
}

}  // namespace qn::bindings
