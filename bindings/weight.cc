#include "bindings/weight.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "bindings/arguments.h"
#include "bindings/handle.h"
#include "bindings/job.h"
#include "bindings/weight_source.h"
#include "native/core/error.h"
#include "native/quant/load_weight.h"

namespace qn::bindings {

template <>
struct HandleTag<const LoadedWeight> {
  static constexpr napi_type_tag value = {0x51c8e1f4a7d24b3aULL, 0xa3f07c9b2e6d4158ULL};
  static constexpr const char* name = "weight";
};

namespace {

double elements_of(const WeightSource& source) {
  const MatrixSize size = size_of(source);
  return static_cast<double>(size.rows) * static_cast<double>(size.cols);
}

WeightTarget read_target(const Napi::Object& object) {
  constexpr std::pair<const char*, TargetKind> kKinds[] = {
      {"native", TargetKind::native}, {"f32", TargetKind::f32},         {"f16", TargetKind::f16},
      {"bf16", TargetKind::bf16},     {"integer", TargetKind::integer}, {"dense", TargetKind::dense},
      {"values", TargetKind::values}, {"nf4", TargetKind::nf4},         {"llm.int8", TargetKind::llm_int8},
      {"i8", TargetKind::i8},
  };
  const std::string name = string_at(object, "kind");
  for (const auto& [known, kind] : kKinds) {
    if (name != known) continue;
    WeightTarget target{kind, {}};
    if (kind == TargetKind::i8) target.tap_cols = integer_at(object, "tapCols");
    if (kind == TargetKind::integer) {
      target.options.bits = static_cast<int>(integer_at(object, "bits"));
      target.options.group = integer_at(object, "groupSize");
      target.options.symmetric = flag_at(object, "symmetric");
      target.options.clip = string_at(object, "clip") == "mse" ? Clip::mse : Clip::none;
    }
    return target;
  }
  throw Error("unknown weight target '" + name + "'");
}

const char* format_name(const LoadedWeight& weight) {
  if (weight.is_dense) return "dense";
  constexpr const char* kNames[] = {"f32", "f16", "bf16", "u8", "u4", "u2", "lut4", "i8"};
  return kNames[static_cast<int>(weight.panels.view.format)];
}

Napi::Value weight_to_javascript(Napi::Env env, std::shared_ptr<const LoadedWeight> weight) {
  const Weight& view = weight->panels.view;
  const bool grouped = !weight->is_dense && view.groups > 0;
  Napi::Object object = Napi::Object::New(env);
  object.Set("format", format_name(*weight));
  object.Set("rows", static_cast<double>(weight->rows));
  object.Set("cols", static_cast<double>(weight->cols));
  // Codes into a table are multiplied as floats: no integer dot product has a unit there.
  object.Set("unit", grouped && view.format != WeightFormat::lut4 ? view.unit : 0);
  object.Set("groupSize", grouped ? view.group : 0);
  object.Set("bytes", static_cast<double>(weight->bytes));
  object.Set("bitsPerWeight", weight->bits_per_weight);
  if (!weight->column_order.empty()) {
    auto order = Napi::Int32Array::New(env, weight->column_order.size());
    std::ranges::copy(weight->column_order, order.Data());
    object.Set("columnOrder", order);
  }
  object.Set("handle", make_handle(env, std::move(weight)));
  return object;
}

// (requests, { threads }, onProgress?) -> { promise of one description a request, cancel }
Napi::Value load_weights(const Napi::CallbackInfo& info) {
  const Napi::Array array = info[0].As<Napi::Array>();
  auto requests = std::make_shared<std::vector<WeightRequest>>();
  for (std::uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Object object = array.Get(i).As<Napi::Object>();
    requests->push_back({string_at(object, "name"), read_source(object_at(object, "source")),
                         read_target(object_at(object, "target"))});
  }
  const int threads = static_cast<int>(integer_at(info[1].As<Napi::Object>(), "threads"));
  return start_job(info.Env(), info[2],
                   [requests, threads](const std::atomic<bool>& stop, const JobProgress& progress) {
                     ThreadPool pool(threads);
                     double total = 0;
                     for (const WeightRequest& request : *requests) total += elements_of(request.source);
                     double done = 0;
                     const LoadControl control{pool, &stop, [&](std::int64_t weights) {
                                                 progress(done += static_cast<double>(weights), total);
                                               }};
                     auto loaded = std::make_shared<std::vector<std::shared_ptr<const LoadedWeight>>>();
                     for (const WeightRequest& request : *requests) {
                       loaded->push_back(std::make_shared<const LoadedWeight>(load_weight(request, control)));
                     }
                     return JobResult([loaded](Napi::Env env) -> Napi::Value {
                       Napi::Array list = Napi::Array::New(env, loaded->size());
                       for (std::uint32_t i = 0; i < loaded->size(); i++)
                         list.Set(i, weight_to_javascript(env, (*loaded)[i]));
                       return list;
                     });
                   });
}

// (source, name, { threads }, onProgress?) -> { promise of a Float32Array [rows, cols], cancel }
Napi::Value read_matrix_values(const Napi::CallbackInfo& info) {
  auto source = std::make_shared<const WeightSource>(read_source(info[0].As<Napi::Object>()));
  const std::string name = info[1].ToString().Utf8Value();
  const int threads = static_cast<int>(integer_at(info[2].As<Napi::Object>(), "threads"));
  return start_job(
      info.Env(), info[3],
      [source, name, threads](const std::atomic<bool>& stop, const JobProgress& progress) {
        const MatrixSize size = size_of(*source);
        const std::string problem = size_problem(size);
        if (!problem.empty()) throw Error("tensor '" + name + "': " + problem);
        ThreadPool pool(threads);
        double done = 0;
        const LoadControl control{pool, &stop, [&](std::int64_t weights) {
                                    progress(done += static_cast<double>(weights), elements_of(*source));
                                  }};
        auto values =
            std::make_shared<AlignedBuffer>(static_cast<std::size_t>(size.rows * size.cols) * sizeof(float));
        read_matrix(*source, name, control, reinterpret_cast<float*>(values->data()));
        return JobResult([values](Napi::Env env) -> Napi::Value {
          auto array = Napi::Float32Array::New(env, values->size() / sizeof(float));
          std::memcpy(array.Data(), values->data(), values->size());
          return array;
        });
      });
}

// (weight): freed when no session uses it any more
void release_weight(const Napi::CallbackInfo& info) { handle_slot<const LoadedWeight>(info[0]).reset(); }

}  // namespace

Constant constant_from_handle(const Napi::Value& value) {
  std::shared_ptr<const LoadedWeight> weight = from_handle<const LoadedWeight>(value);
  Constant constant;
  if (weight->is_dense) {
    constant.data = weight->dense.data();
    constant.bytes = static_cast<std::int64_t>(weight->dense.size());
  } else {
    constant.weight = &weight->panels.view;
  }
  constant.owner = std::move(weight);
  return constant;
}

void init_weight(Napi::Env env, Napi::Object exports) {
  exports.Set("openFile", Napi::Function::New(env, open_file, "openFile"));
  exports.Set("loadWeights", Napi::Function::New(env, load_weights, "loadWeights"));
  exports.Set("readMatrix", Napi::Function::New(env, read_matrix_values, "readMatrix"));
  exports.Set("releaseWeight", Napi::Function::New(env, release_weight, "releaseWeight"));
}

}  // namespace qn::bindings
