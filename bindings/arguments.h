// Reading JavaScript values. TypeScript has checked every argument with a sentence of its own; these checks
// only make sure that a mistake there is a TypeError and not a crash.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

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

}  // namespace qn::bindings
