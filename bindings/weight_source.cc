#include "bindings/weight_source.h"

#include <memory>
#include <string>
#include <vector>

#include "bindings/arguments.h"
#include "bindings/handle.h"
#include "native/core/error.h"

namespace qn::bindings {

template <>
struct HandleTag<const FileMap> {
  static constexpr napi_type_tag value = {0x2f9b6f0d1f0a4e4dULL, 0x8d5c3a7e66b1c902ULL};
  static constexpr const char* name = "file";
};

namespace {

template <class Element>
struct ArrayType;
template <>
struct ArrayType<float> {
  static constexpr napi_typedarray_type value = napi_float32_array;
  static constexpr const char* name = "Float32Array";
};
template <>
struct ArrayType<std::int32_t> {
  static constexpr napi_typedarray_type value = napi_int32_array;
  static constexpr const char* name = "Int32Array";
};
template <>
struct ArrayType<std::uint16_t> {
  static constexpr napi_typedarray_type value = napi_uint16_array;
  static constexpr const char* name = "Uint16Array";
};
template <>
struct ArrayType<std::int8_t> {
  static constexpr napi_typedarray_type value = napi_int8_array;
  static constexpr const char* name = "Int8Array";
};
template <>
struct ArrayType<std::uint8_t> {
  static constexpr napi_typedarray_type value = napi_uint8_array;
  static constexpr const char* name = "Uint8Array";
};

template <class Element>
std::vector<Element> array_copy(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != ArrayType<Element>::value) {
    throw Napi::TypeError::New(object.Env(),
                               std::string("expected a ") + ArrayType<Element>::name + " for " + key);
  }
  const auto array = value.As<Napi::TypedArrayOf<Element>>();
  return std::vector<Element>(array.Data(), array.Data() + array.ElementLength());
}

template <class Element>
std::vector<Element> optional_array(const Napi::Object& object, const char* key) {
  return object.Get(key).IsUndefined() ? std::vector<Element>() : array_copy<Element>(object, key);
}

FileRange read_range(const Napi::Object& object) {
  const std::int64_t offset = integer_at(object, "offset"), length = integer_at(object, "length");
  if (offset < 0 || length < 0) throw Error("a weight's offset and length cannot be negative");
  return {from_handle<const FileMap>(object.Get("file")), static_cast<std::uint64_t>(offset),
          static_cast<std::uint64_t>(length)};
}

std::optional<FileRange> optional_range(const Napi::Object& object, const char* key) {
  if (object.Get(key).IsUndefined()) return std::nullopt;
  return read_range(object_at(object, key));
}

CanonicalShape read_shape(const Napi::Object& object) {
  return {static_cast<int>(integer_at(object, "bits")), integer_at(object, "rows"),
          integer_at(object, "cols"), integer_at(object, "groupSize")};
}

GptqSource read_gptq(const Napi::Object& object) {
  const std::string zeros = string_at(object, "zeroPoints");
  if (zeros != "true" && zeros != "minus-one") throw Error("unknown zero points '" + zeros + "'");
  const Napi::Object scales = object_at(object, "scales");
  return {read_shape(object),
          read_range(object_at(object, "qweight")),
          read_range(scales),
          source_type_from_name(string_at(scales, "type")),
          optional_range(object, "qzeros"),
          optional_range(object, "offsets"),
          zeros == "minus-one",
          optional_range(object, "gIdx")};
}

MatrixSize read_size(const Napi::Object& object) {
  return {integer_at(object, "rows"), integer_at(object, "cols")};
}

TableSource read_table(const Napi::Object& object) {
  TableSource source{read_size(object),
                     integer_at(object, "blockSize"),
                     read_range(object_at(object, "codes")),
                     read_range(object_at(object, "absmax")),
                     read_range(object_at(object, "table")),
                     std::nullopt};
  if (!object.Get("nested").IsUndefined()) {
    const Napi::Object nested = object_at(object, "nested");
    source.nested =
        TableSource::Nested{read_range(object_at(nested, "absmax")), read_range(object_at(nested, "table")),
                            integer_at(nested, "blockSize"), nested.Get("offset").ToNumber().FloatValue()};
  }
  return source;
}

Int8Source read_int8(const Napi::Object& object) {
  return {read_size(object), read_range(object_at(object, "codes")), read_range(object_at(object, "absmax"))};
}

QuantizedSource read_quantized(const Napi::Object& object) {
  return {read_shape(object),
          array_copy<std::uint8_t>(object, "codes"),
          array_copy<std::uint16_t>(object, "scales"),
          optional_array<std::uint8_t>(object, "zeros"),
          optional_array<std::uint16_t>(object, "offsets"),
          optional_array<std::int32_t>(object, "gIdx")};
}

}  // namespace

Napi::Value open_file(const Napi::CallbackInfo& info) {
  return make_handle(info.Env(), std::make_shared<const FileMap>(info[0].ToString().Utf8Value()));
}

WeightSource read_source(const Napi::Object& object) {
  const std::string kind = string_at(object, "kind");
  if (kind == "values") {
    const Bytes bytes = bytes_of_typed_array(object.Get("values"), "plain values");
    return ValuesSource{
        {bytes.data, bytes.data + bytes.size},
        static_cast<std::int64_t>(object.Get("values").As<Napi::TypedArray>().ElementLength())};
  }
  if (kind == "gptq") return read_gptq(object);
  if (kind == "table") return read_table(object);
  if (kind == "int8") return read_int8(object);
  if (kind == "quantized") return read_quantized(object);
  const std::int64_t rows = integer_at(object, "rows"), cols = integer_at(object, "cols");
  if (kind == "array") return ArraySource{array_copy<float>(object, "values"), rows, cols};
  if (kind == "codes") return CodesSource{array_copy<std::int8_t>(object, "values"), rows, cols};
  if (kind == "random")
    return RandomSource{static_cast<std::uint64_t>(integer_at(object, "seed")), rows, cols};
  if (kind != "file") throw Error("unknown weight source '" + kind + "'");
  return FileSource{read_range(object), source_type_from_name(string_at(object, "type")), rows, cols,
                    static_cast<int>(integer_at(object, "ropeHeads"))};
}

}  // namespace qn::bindings
