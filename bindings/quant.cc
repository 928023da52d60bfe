#include "bindings/quant.h"

#include <optional>
#include <string>
#include <vector>

#include "bindings/arguments.h"
#include "native/core/error.h"
#include "native/core/quantized_row.h"
#include "native/cpu/backend.h"
#include "native/cpu/features.h"
#include "native/quant/canonical.h"
#include "native/quant/float_rows.h"
#include "native/quant/ggml_dequantize.h"
#include "native/quant/load_weight.h"

namespace qn::bindings {
namespace {

CanonicalShape read_shape(const Napi::Object& object) {
  const CanonicalShape shape{static_cast<int>(integer_at(object, "bits")), integer_at(object, "rows"),
                             integer_at(object, "cols"), integer_at(object, "groupSize")};
  const std::string problem = shape_problem(shape);
  if (!problem.empty()) throw Error(problem);
  return shape;
}

// The elements of a typed array that must have exactly `size` of them.
template <class Element>
const Element* elements_of(const Napi::Value& value, const char* what, int64_t size) {
  const Bytes bytes = bytes_of_typed_array(value, what);
  const uint64_t expected = static_cast<uint64_t>(size) * sizeof(Element);
  if (bytes.size != expected) {
    throw Error(std::string("expected ") + std::to_string(expected) + " bytes for " + what + ", got " +
                std::to_string(bytes.size));
  }
  return reinterpret_cast<const Element*>(bytes.data);
}

Canonical read_matrix(const Napi::Object& object) {
  const CanonicalShape shape = read_shape(object);
  const Canonical matrix{shape, elements_of<int32_t>(object.Get("qweight"), "qweight", shape.qweight_size()),
                         elements_of<int32_t>(object.Get("qzeros"), "qzeros", shape.qzeros_size()),
                         elements_of<uint16_t>(object.Get("scales"), "scales", shape.scales_size()),
                         elements_of<int32_t>(object.Get("gIdx"), "gIdx", shape.cols)};
  const std::string problem = group_index_problem(matrix);
  if (!problem.empty()) throw Error(problem);
  return matrix;
}

// New JavaScript arrays for a matrix of `shape`, to be filled through `arrays`.
struct NewMatrix {
  NewMatrix(Napi::Env env, const CanonicalShape& shape) : object(Napi::Object::New(env)) {
    auto qweight = Napi::Int32Array::New(env, static_cast<size_t>(shape.qweight_size()));
    auto qzeros = Napi::Int32Array::New(env, static_cast<size_t>(shape.qzeros_size()));
    auto scales = Napi::Uint16Array::New(env, static_cast<size_t>(shape.scales_size()));
    auto group_index = Napi::Int32Array::New(env, static_cast<size_t>(shape.cols));
    object.Set("bits", shape.bits);
    object.Set("rows", static_cast<double>(shape.rows));
    object.Set("cols", static_cast<double>(shape.cols));
    object.Set("groupSize", static_cast<double>(shape.group));
    object.Set("qweight", qweight);
    object.Set("qzeros", qzeros);
    object.Set("scales", scales);
    object.Set("gIdx", group_index);
    arrays = MutableCanonical{shape, qweight.Data(), qzeros.Data(), scales.Data(), group_index.Data()};
  }

  Napi::Object object;
  MutableCanonical arrays{};
};

// (weights: Float32Array, { bits, rows, cols, groupSize, symmetric, clip }) -> matrix
Napi::Value quantize_matrix(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[1].As<Napi::Object>();
  const CanonicalShape shape = read_shape(options);
  const float* weights = elements_of<float>(info[0], "weights", shape.rows * shape.cols);
  const Clip clip = string_at(options, "clip") == "mse" ? Clip::mse : Clip::none;
  const NewMatrix matrix(info.Env(), shape);
  quantize(weights, flag_at(options, "symmetric"), clip, "weights", matrix.arrays);
  return matrix.object;
}

// ({ bits, rows, cols, groupSize, codes, zeros?, minusOne? }) -> { qweight, qzeros? }
Napi::Value pack_matrix(const Napi::CallbackInfo& info) {
  const Napi::Object unpacked = info[0].As<Napi::Object>();
  const CanonicalShape shape = read_shape(unpacked);
  const uint8_t* codes = elements_of<uint8_t>(unpacked.Get("codes"), "codes", shape.rows * shape.cols);
  auto qweight = Napi::Int32Array::New(info.Env(), static_cast<size_t>(shape.qweight_size()));
  pack_codes(shape, codes, qweight.Data());
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("qweight", qweight);
  if (unpacked.Get("zeros").IsUndefined()) return object;
  const uint8_t* zeros = elements_of<uint8_t>(unpacked.Get("zeros"), "zeros", shape.scales_size());
  auto qzeros = Napi::Int32Array::New(info.Env(), static_cast<size_t>(shape.qzeros_size()));
  pack_zeros(shape, zeros, qzeros.Data());
  if (flag_at(unpacked, "minusOne")) subtract_one_from_zeros(shape, qzeros.Data());
  object.Set("qzeros", qzeros);
  return object;
}

// (matrix) -> { codes, zeros }
Napi::Value unpack_matrix(const Napi::CallbackInfo& info) {
  const Canonical matrix = read_matrix(info[0].As<Napi::Object>());
  const CanonicalShape& shape = matrix.shape;
  auto codes = Napi::Uint8Array::New(info.Env(), static_cast<size_t>(shape.rows * shape.cols));
  auto zeros = Napi::Uint8Array::New(info.Env(), static_cast<size_t>(shape.scales_size()));
  unpack_codes(shape, matrix.qweight, codes.Data());
  unpack_zeros(shape, matrix.qzeros, zeros.Data());
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("codes", codes);
  object.Set("zeros", zeros);
  return object;
}

// (matrix) -> Float32Array [rows, cols]
Napi::Value dequantize_matrix(const Napi::CallbackInfo& info) {
  const Canonical matrix = read_matrix(info[0].As<Napi::Object>());
  auto out = Napi::Float32Array::New(info.Env(), static_cast<size_t>(matrix.shape.rows * matrix.shape.cols));
  dequantize(matrix, out.Data());
  return out;
}

// (type: 'Q4_0', ..., bytes) -> Float32Array
Napi::Value dequantize_blocks(const Napi::CallbackInfo& info) {
  const SourceType type = source_type_from_name(info[0].ToString().Utf8Value());
  const SourceTypeInfo& block = source_type_info(type);
  const Bytes bytes = bytes_of_typed_array(info[1], "bytes");
  if (bytes.size % static_cast<size_t>(block.block_bytes) != 0) {
    throw Error("expected a multiple of " + std::to_string(block.block_bytes) + " bytes for " +
                std::string(block.name) + ", got " + std::to_string(bytes.size));
  }
  const size_t count =
      bytes.size / static_cast<size_t>(block.block_bytes) * static_cast<size_t>(block.block_size);
  auto out = Napi::Float32Array::New(info.Env(), count);
  dequantize(type, bytes.data, static_cast<int64_t>(count), out.Data());
  return out;
}

LoadedWeight panels_of(const Canonical& matrix, ThreadPool& pool) {
  return load_weight({"matrix", matrix, {TargetKind::native, {}}}, {pool});
}

// (values: Float32Array, type: 'F16' | 'BF16', name) -> Uint16Array
Napi::Value encode_floats(const Napi::CallbackInfo& info) {
  const SourceType type = source_type_from_name(info[1].ToString().Utf8Value());
  const std::string name = info[2].ToString().Utf8Value();
  const Bytes bytes = bytes_of_typed_array(info[0], "values");
  const int64_t count = static_cast<int64_t>(bytes.size / sizeof(float));
  const float* values = reinterpret_cast<const float*>(bytes.data);
  auto out = Napi::Uint16Array::New(info.Env(), static_cast<size_t>(count));
  check_finite(values, count, {name, 0});
  if (type == SourceType::f16) {
    encode_float16(values, count, {name, 0}, out.Data());
  } else {
    encode_bfloat16(values, count, {name, 0}, out.Data());
  }
  return out;
}

View dense_view(void* data, DType dtype, int64_t rows, int64_t cols) {
  return {data, nullptr, {rows, cols}, 2, dtype, cols};
}

void run_op(cpu::CpuBackend& backend, const char* name, const Call& call) {
  const OpSpec* op = cpu::find_op(name);
  if (!op) throw Error(std::string("this build has no op ") + name);
  backend.launch(backend.select(*op, call), call, nullptr);
}

// (x: Float32Array [tokens, cols], tokens, matrix, { activations: 'f32' | 'int8', threads, isa? }) ->
// [tokens, rows]
Napi::Value linear_matrix(const Napi::CallbackInfo& info) {
  const Canonical matrix = read_matrix(info[2].As<Napi::Object>());
  const Napi::Object options = info[3].As<Napi::Object>();
  const int64_t tokens = info[1].ToNumber().Int64Value(), cols = matrix.shape.cols, rows = matrix.shape.rows;
  const float* x = elements_of<float>(info[0], "x", tokens * cols);
  std::optional<Isa> isa;
  if (options.Get("isa").IsString()) isa = cpu::isa_from_name(string_at(options, "isa"));
  cpu::CpuBackend backend(static_cast<int>(integer_at(options, "threads")), isa);

  LoadedWeight loaded = panels_of(matrix, backend.pool());
  const OwnedWeight& weight = loaded.panels;
  const View weight_view{nullptr, &weight.view, {rows, cols}, 2, DType::f32, cols};
  auto out = Napi::Float32Array::New(info.Env(), static_cast<size_t>(tokens * rows));
  const View y = dense_view(out.Data(), DType::f32, tokens, rows);
  View floats = dense_view(const_cast<float*>(x), DType::f32, tokens, cols);
  const AlignedBuffer gathered(static_cast<size_t>(tokens * cols) * sizeof(float));
  if (!loaded.column_order.empty()) {
    const View columns{loaded.column_order.data(), nullptr, {cols}, 1, DType::i32, cols};
    const View in[] = {floats, columns};
    floats = dense_view(gathered.data(), DType::f32, tokens, cols);
    run_op(backend, "gather_columns", {in, &floats, {}});
  }
  if (string_at(options, "activations") == "f32") {
    const View in[] = {floats, weight_view};
    run_op(backend, "linear", {in, &y, {}});
    return out;
  }
  const int unit = weight.view.unit;
  const AlignedBuffer codes(static_cast<size_t>(tokens * quantized_row_bytes(cols, unit)));
  const DType dtype = unit == 16 ? DType::q8x16 : unit == 32 ? DType::q8x32 : DType::q8x64;
  const View quantized = dense_view(codes.data(), dtype, tokens, cols);
  run_op(backend, "quantize_activations", {&floats, &quantized, {}});
  const View in[] = {quantized, weight_view};
  run_op(backend, "linear", {in, &y, {}});
  return out;
}

// (matrix) -> the same matrix, after a trip through panels: what the tests see of them
Napi::Value repack_matrix(const Napi::CallbackInfo& info) {
  const Canonical matrix = read_matrix(info[0].As<Napi::Object>());
  if (!has_contiguous_groups(matrix)) {
    throw Error("expected no act-order, which stands in another order in panels");
  }
  ThreadPool pool(1);
  const NewMatrix out(info.Env(), matrix.shape);
  read_panels(panels_of(matrix, pool).panels.view, out.arrays);
  return out.object;
}

}  // namespace

void init_quant(Napi::Env env, Napi::Object exports) {
  exports.Set("quantizeMatrix", Napi::Function::New(env, quantize_matrix, "quantizeMatrix"));
  exports.Set("packMatrix", Napi::Function::New(env, pack_matrix, "packMatrix"));
  exports.Set("unpackMatrix", Napi::Function::New(env, unpack_matrix, "unpackMatrix"));
  exports.Set("dequantizeMatrix", Napi::Function::New(env, dequantize_matrix, "dequantizeMatrix"));
  exports.Set("dequantizeBlocks", Napi::Function::New(env, dequantize_blocks, "dequantizeBlocks"));
  exports.Set("encodeFloats", Napi::Function::New(env, encode_floats, "encodeFloats"));
  exports.Set("linearMatrix", Napi::Function::New(env, linear_matrix, "linearMatrix"));
  exports.Set("repackMatrix", Napi::Function::New(env, repack_matrix, "repackMatrix"));
}

}  // namespace qn::bindings
