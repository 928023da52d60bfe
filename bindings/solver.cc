#include "bindings/solver.h"

#include <memory>
#include <optional>
#include <string>

#include "bindings/arguments.h"
#include "bindings/job.h"
#include "native/core/error.h"
#include "native/core/float16.h"
#include "native/cpu/features.h"
#include "native/linalg/hadamard.h"
#include "native/linalg/pair_sums.h"
#include "native/quant/canonical.h"
#include "native/quant/gptq/correct_target.h"
#include "native/quant/gptq/layer.h"

namespace qn::bindings {
namespace {

Layer read_layer(const Napi::Object& object) {
  const CanonicalShape shape{static_cast<int>(integer_at(object, "bits")), integer_at(object, "rows"),
                             integer_at(object, "cols"), integer_at(object, "groupSize")};
  const std::string problem = shape_problem(shape);
  if (!problem.empty()) throw Error(problem);
  Layer layer{};
  layer.weights = floats_at(object, "weights", shape.rows * shape.cols);
  layer.hessian = floats_at(object, "hessian", shape.cols * shape.cols);
  layer.rows = shape.rows;
  layer.cols = shape.cols;
  layer.group = shape.group;
  layer.grid.bits = shape.bits;
  layer.grid.kind = choice_at<GridKind>(object, "grid",
                                        {{"symmetric", GridKind::symmetric},
                                         {"asymmetric", GridKind::asymmetric},
                                         {"offset", GridKind::offset}});
  layer.grid.clip =
      choice_at<Clip>(object, "clip", {{"none", Clip::none}, {"mse", Clip::mse}, {"hessian", Clip::hessian}});
  layer.method = choice_at<Method>(object, "method", {{"rtn", Method::rtn}, {"gptq", Method::gptq}});
  layer.order = choice_at<Order>(
      object, "order", {{"none", Order::none}, {"act", Order::act}, {"act-group", Order::act_group}});
  layer.damp = number_at(object, "damp");
  layer.sweeps = static_cast<int>(integer_at(object, "sweeps"));
  layer.refit = flag_at(object, "refit");
  return layer;
}

// What a job of linear algebra runs on, as its options say: { threads, isa? }.
struct Team {
  explicit Team(const Napi::Object& options) : threads(static_cast<int>(integer_at(options, "threads"))) {
    Isa isa = cpu::best_isa();
    if (options.Get("isa").IsString()) {
      isa = cpu::isa_from_name(string_at(options, "isa"));
      cpu::require(isa);
    }
    kernel = product_kernel(isa);
  }
  int threads;
  ProductKernel* kernel;
};

// The arrays of a solution as JavaScript gets them, prepared on the job's thread.
struct SolvedArrays {
  std::vector<uint16_t> scales, offsets;  // [groups, rows]
  std::vector<uint8_t> zeros;             // [groups, rows]
  std::vector<float> values;              // [rows, cols]
};

SolvedArrays arrays_of(const Layer& layer, const Solution& solution) {
  SolvedArrays arrays;
  const int64_t groups = layer.groups();
  const bool offset_grid = layer.grid.kind == GridKind::offset;
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t row = 0; row < layer.rows; ++row) {
      const Grid& grid = solution.rows.grids[static_cast<size_t>(row * groups + g)];
      arrays.scales.push_back(float_to_float16(grid.scale));
      if (offset_grid) {
        arrays.offsets.push_back(float_to_float16(grid.base));
      } else {
        arrays.zeros.push_back(static_cast<uint8_t>(grid.zero));
      }
    }
  }
  arrays.values.reserve(static_cast<size_t>(layer.rows * layer.cols));
  for (int64_t row = 0; row < layer.rows; ++row) {
    for (int64_t col = 0; col < layer.cols; ++col) arrays.values.push_back(solution.rows.value(row, col));
  }
  return arrays;
}

Napi::Value solution_to_javascript(Napi::Env env, const Layer& layer, const Solution& solution,
                                   const SolvedArrays& arrays) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("bits", layer.grid.bits);
  object.Set("rows", static_cast<double>(layer.rows));
  object.Set("cols", static_cast<double>(layer.cols));
  object.Set("groupSize", static_cast<double>(layer.group));
  object.Set("codes", array_of<Napi::Uint8Array>(env, solution.rows.codes));
  object.Set("scales", array_of<Napi::Uint16Array>(env, arrays.scales));
  if (layer.grid.kind == GridKind::offset) {
    object.Set("offsets", array_of<Napi::Uint16Array>(env, arrays.offsets));
  } else {
    object.Set("zeros", array_of<Napi::Uint8Array>(env, arrays.zeros));
  }
  if (layer.method == Method::gptq && layer.order == Order::act && solution.fallback.empty()) {
    object.Set("gIdx", array_of<Napi::Int32Array>(env, solution.rows.group_index));
  }
  object.Set("values", array_of<Napi::Float32Array>(env, arrays.values));
  object.Set("loss", solution.loss);
  object.Set("rtnLoss", solution.rtn_loss);
  object.Set("damp", solution.damp);
  object.Set("deadColumns", static_cast<double>(solution.dead_columns));
  if (!solution.fallback.empty()) {
    Napi::Object fallback = Napi::Object::New(env);
    fallback.Set("method", "rtn");
    fallback.Set("reason", solution.fallback);
    object.Set("fallback", fallback);
  }
  return object;
}

// (layer, { threads, isa? }, onProgress?) -> { promise of a solution, cancel }
Napi::Value solve_matrix(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const Layer layer = read_layer(object);
  const Team team(info[1].As<Napi::Object>());
  const auto work = [layer, team](const std::atomic<bool>& stop, const JobProgress& progress) {
    ThreadPool pool(team.threads);
    auto solution = std::make_shared<Solution>(solve_layer(layer, {pool, team.kernel, &stop}, progress));
    auto arrays = std::make_shared<SolvedArrays>(arrays_of(layer, *solution));
    return JobResult([layer, solution, arrays](Napi::Env env) {
      return solution_to_javascript(env, layer, *solution, *arrays);
    });
  };
  return start_job(info.Env(), info[2], work, object);
}

// (correction, { threads, isa? }, onProgress?) -> { promise of Float32Array [rows, cols], cancel }
Napi::Value correct_target_matrix(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const int64_t rows = integer_at(object, "rows"), cols = integer_at(object, "cols");
  const auto optional_at = [&](const char* key, int64_t size) {
    return object.Get(key).IsUndefined() ? nullptr : floats_at(object, key, size);
  };
  const TargetCorrection correction{floats_at(object, "weights", rows * cols),
                                    floats_at(object, "hessian", cols * cols),
                                    optional_at("cross", cols * cols),
                                    optional_at("residual", rows * cols),
                                    rows,
                                    cols,
                                    number_at(object, "alpha"),
                                    number_at(object, "beta"),
                                    number_at(object, "damp")};
  const Team team(info[1].As<Napi::Object>());
  const auto work = [correction, team](const std::atomic<bool>& stop, const JobProgress&) {
    ThreadPool pool(team.threads);
    auto target =
        std::make_shared<std::vector<float>>(correct_target(correction, {pool, team.kernel, &stop}));
    return JobResult([target](Napi::Env env) { return array_of<Napi::Float32Array>(env, *target); });
  };
  return start_job(info.Env(), info[2], work, object);
}

PairSums read_sums(const Napi::Object& object, std::int64_t rows, std::int64_t cols) {
  const float* values = floats_at(object, "values", 2 * rows * cols);
  return {values, values + rows * cols, flag_at(object, "upper")};
}

// ({ values, rows, cols, upper }, factor, to, minus?)
void scale_sums_matrix(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const int64_t rows = integer_at(object, "rows"), cols = integer_at(object, "cols");
  const PairSums sums = read_sums(object, rows, cols);
  PairSums minus{};
  const bool less = info[3].IsObject();
  if (less) minus = read_sums(info[3].As<Napi::Object>(), rows, cols);
  if ((sums.upper || minus.upper) && rows != cols) throw Error("a symmetric matrix is square");
  scale_sums(sums, less ? &minus : nullptr, info[1].ToNumber().DoubleValue(), rows, cols,
             const_cast<float*>(floats_of(info[2], "to", rows * cols)));
}

// (values, rows, cols, { block, side: 'rows' | 'columns' }) -> Float32Array [rows, cols]
Napi::Value hadamard_matrix(const Napi::CallbackInfo& info) {
  const int64_t rows = info[1].ToNumber().Int64Value(), cols = info[2].ToNumber().Int64Value();
  const Napi::Object options = info[3].As<Napi::Object>();
  const float* values = floats_of(info[0], "values", rows * cols);
  const int64_t block = integer_at(options, "block");
  const HadamardSide side = choice_at<HadamardSide>(
      options, "side", {{"rows", HadamardSide::rows}, {"columns", HadamardSide::columns}});
  const int64_t length = side == HadamardSide::rows ? rows : cols;
  if (block < 1 || (block & (block - 1)) != 0 || length % block != 0) {
    throw Error("expected a power of two that divides " + std::to_string(length) + " for block, got " +
                std::to_string(block));
  }
  auto out = Napi::Float32Array::New(info.Env(), static_cast<size_t>(rows * cols));
  hadamard(values, rows, cols, block, side, out.Data());
  return out;
}

}  // namespace

void init_solver(Napi::Env env, Napi::Object exports) {
  exports.Set("solveMatrix", Napi::Function::New(env, solve_matrix, "solveMatrix"));
  exports.Set("correctTarget", Napi::Function::New(env, correct_target_matrix, "correctTarget"));
  exports.Set("scaleSums", Napi::Function::New(env, scale_sums_matrix, "scaleSums"));
  exports.Set("hadamard", Napi::Function::New(env, hadamard_matrix, "hadamard"));
}

}  // namespace qn::bindings
