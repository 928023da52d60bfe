#include "bindings/arguments.h"

#include <cmath>

namespace qn::bindings {
namespace {

[[noreturn]] void fail(Napi::Env env, const char* key, const char* expected) {
  throw Napi::TypeError::New(env, std::string("expected ") + expected + " for " + key);
}

}  // namespace

Napi::Object object_at(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsObject()) fail(object.Env(), key, "an object");
  return value.As<Napi::Object>();
}

Napi::Array array_at(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) fail(object.Env(), key, "an array");
  return value.As<Napi::Array>();
}

std::string string_at(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) fail(object.Env(), key, "a string");
  return value.As<Napi::String>().Utf8Value();
}

double number_at(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) fail(object.Env(), key, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

std::int64_t integer_at(const Napi::Object& object, const char* key) {
  const double value = number_at(object, key);
  constexpr double kMaxSafeInteger = 9007199254740991.0;
  if (value != std::floor(value) || std::abs(value) > kMaxSafeInteger) fail(object.Env(), key, "an integer");
  return static_cast<std::int64_t>(value);
}

bool flag_at(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return false;
  if (!value.IsBoolean()) fail(object.Env(), key, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::vector<std::int32_t> indices_at(const Napi::Object& object, const char* key) {
  const Napi::Array array = array_at(object, key);
  std::vector<std::int32_t> list;
  for (std::uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value value = array.Get(i);
    if (!value.IsNumber()) fail(object.Env(), key, "numbers");
    list.push_back(value.As<Napi::Number>().Int32Value());
  }
  return list;
}

Bytes bytes_of_typed_array(const Napi::Value& value, const char* what) {
  if (!value.IsTypedArray()) fail(value.Env(), what, "a typed array");
  const Napi::TypedArray array = value.As<Napi::TypedArray>();
  return {static_cast<const std::uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(),
          array.ByteLength()};
}

const float* floats_of(const Napi::Value& value, const char* what, std::int64_t size) {
  const Bytes bytes = bytes_of_typed_array(value, what);
  if (size < 0 || bytes.size != static_cast<std::size_t>(size) * sizeof(float)) {
    throw Error("expected " + std::to_string(size) + " float32 values for " + what + ", got " +
                std::to_string(bytes.size) + " bytes");
  }
  return reinterpret_cast<const float*>(bytes.data);
}

const float* floats_at(const Napi::Object& object, const char* key, std::int64_t size) {
  return floats_of(object.Get(key), key, size);
}

}  // namespace qn::bindings
