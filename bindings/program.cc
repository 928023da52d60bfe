#include "bindings/program.h"

#include <algorithm>

#include "bindings/arguments.h"
#include "native/core/error.h"

namespace qn::bindings {
namespace {

TensorKind kind_from_name(const std::string& name) {
  if (name == "input") return TensorKind::input;
  if (name == "constant") return TensorKind::constant;
  if (name == "state") return TensorKind::state;
  if (name == "intermediate") return TensorKind::intermediate;
  throw Error("unknown tensor kind '" + name + "'");
}

Dim read_dim(const Napi::Value& value, const std::vector<std::string>& symbols) {
  if (value.IsNumber()) return {-1, value.As<Napi::Number>().Int64Value()};
  const std::string name = value.ToString().Utf8Value();
  const auto found = std::find(symbols.begin(), symbols.end(), name);
  if (found == symbols.end()) throw Error("unknown symbol '" + name + "'");
  return {static_cast<std::int32_t>(found - symbols.begin()), 0};
}

TensorDesc read_tensor(const Napi::Object& object, const std::vector<std::string>& symbols) {
  TensorDesc tensor;
  tensor.name = string_at(object, "name");
  tensor.kind = kind_from_name(string_at(object, "kind"));
  const std::string dtype = string_at(object, "dtype");
  tensor.weight = dtype == "weight";
  if (!tensor.weight) tensor.dtype = dtype_from_name(dtype);
  const Napi::Array shape = array_at(object, "shape");
  for (std::uint32_t d = 0; d < shape.Length(); d++) tensor.shape.push_back(read_dim(shape.Get(d), symbols));
  if (object.Has("place")) {
    const Napi::Object place = object_at(object, "place");
    tensor.parent = static_cast<std::int32_t>(integer_at(place, "parent"));
    tensor.offset = integer_at(place, "offset");
    tensor.stride = integer_at(place, "stride");
  }
  return tensor;
}

std::map<std::string, double> read_attributes(const Napi::Object& object) {
  std::map<std::string, double> attributes;
  const Napi::Array names = object.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); i++) {
    const std::string name = names.Get(i).ToString().Utf8Value();
    attributes[name] = number_at(object, name.c_str());
  }
  return attributes;
}

FusedDesc read_fused_step(const Napi::Object& object) {
  FusedDesc fused;
  fused.op = string_at(object, "op");
  if (object.Has("operand")) fused.operand = static_cast<std::int32_t>(integer_at(object, "operand"));
  fused.attributes = read_attributes(object_at(object, "attributes"));
  return fused;
}

StepDesc read_step(const Napi::Object& object) {
  StepDesc step;
  step.op = string_at(object, "op");
  step.label = string_at(object, "label");
  step.inputs = indices_at(object, "inputs");
  step.outputs = indices_at(object, "outputs");
  step.attributes = read_attributes(object_at(object, "attributes"));
  if (object.Has("fused")) {
    const Napi::Array fused = array_at(object, "fused");
    for (std::uint32_t i = 0; i < fused.Length(); i++)
      step.fused.push_back(read_fused_step(fused.Get(i).As<Napi::Object>()));
  }
  return step;
}

}  // namespace

Program read_program(const Napi::Object& object) {
  Program program;
  const Napi::Array symbols = array_at(object, "symbols");
  for (std::uint32_t i = 0; i < symbols.Length(); i++) {
    program.symbols.push_back(symbols.Get(i).ToString().Utf8Value());
  }
  const Napi::Array tensors = array_at(object, "tensors");
  for (std::uint32_t i = 0; i < tensors.Length(); i++) {
    program.tensors.push_back(read_tensor(tensors.Get(i).As<Napi::Object>(), program.symbols));
  }
  const Napi::Array steps = array_at(object, "steps");
  for (std::uint32_t i = 0; i < steps.Length(); i++) {
    program.steps.push_back(read_step(steps.Get(i).As<Napi::Object>()));
  }
  program.outputs = indices_at(object, "outputs");
  return program;
}

}  // namespace qn::bindings
