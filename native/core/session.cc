#include "native/core/session.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "native/core/error.h"

namespace qn {
namespace {

// Bindings whose plan is kept. Decoding uses one or two; ragged batches hardly ever repeat.
constexpr std::size_t kPlans = 16;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); i++) text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace

struct Session::DeviceMemory {
  DeviceMemory(Backend& owner, std::int64_t size) : backend(owner), bytes(size), data(owner.allocate(size)) {}
  ~DeviceMemory() { backend.release(data); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  Backend& backend;
  std::int64_t bytes;
  void* data;
};

Session::Session(Program program, std::vector<Constant> constants, std::shared_ptr<Backend> backend,
                 OpLookup find_op)
    : program_(std::move(program)),
      steps_(validate(program_, find_op)),
      backend_(std::move(backend)),
      constants_(std::move(constants)),
      views_(program_.tensors.size(), View{}) {
  for (std::size_t t = 0; t < views_.size(); t++) views_[t].dtype = program_.tensors[t].dtype;
  bind_constants(constants_);
  for (std::size_t t = 0; t < views_.size(); t++) {
    if (program_.tensors[t].kind != TensorKind::state) continue;
    states_.push_back(std::make_unique<DeviceMemory>(*backend_, state_bytes(static_cast<std::int32_t>(t))));
    views_[t].data = states_.back()->data;
  }
  reset();
}

Session::~Session() = default;

void Session::bind_constants(const std::vector<Constant>& constants) {
  std::vector<bool> bound(program_.tensors.size(), false);
  for (const Constant& constant : constants) {
    const std::size_t t = static_cast<std::size_t>(constant.tensor);
    if (constant.tensor < 0 || t >= program_.tensors.size() ||
        program_.tensors[t].kind != TensorKind::constant) {
      throw Error("constant " + std::to_string(constant.tensor) +
                  ": the program has no such constant tensor");
    }
    const TensorDesc& tensor = program_.tensors[t];
    if (tensor.weight != (constant.weight != nullptr)) {
      throw Error("constant '" + tensor.name +
                  "': a weight matrix and dense values cannot stand for one another");
    }
    if (constant.weight) {
      const std::vector<std::int64_t> shape = {constant.weight->rows, constant.weight->cols};
      if (tensor.shape.size() != 2 || tensor.shape[0].value != shape[0] ||
          tensor.shape[1].value != shape[1]) {
        throw Error("constant '" + tensor.name + "': the weight is " + text_of(shape));
      }
    } else {
      std::vector<std::int64_t> shape;
      for (const Dim& dim : tensor.shape) shape.push_back(dim.value);
      const std::int64_t expected = bytes_of(tensor.dtype, shape);
      if (constant.bytes != expected) {
        throw Error("constant '" + tensor.name + "': expected " + std::to_string(expected) + " bytes, got " +
                    std::to_string(constant.bytes));
      }
    }
    views_[t].weight = constant.weight;
    views_[t].data = const_cast<void*>(constant.data);
    bound[t] = true;
  }
  for (std::size_t t = 0; t < program_.tensors.size(); t++) {
    if (program_.tensors[t].kind == TensorKind::constant && !bound[t]) {
      throw Error("constant '" + program_.tensors[t].name + "' is not bound");
    }
  }
}

void Session::reset() {
  for (const auto& state : states_) {
    const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(state->bytes), 0);
    backend_->upload(state->data, zeros.data(), state->bytes);
  }
}

std::int64_t Session::state_bytes(std::int32_t tensor) const {
  const std::size_t t = static_cast<std::size_t>(tensor);
  if (tensor < 0 || t >= program_.tensors.size() || program_.tensors[t].kind != TensorKind::state) {
    throw Error("tensor " + std::to_string(tensor) + " of the program is not a state");
  }
  std::vector<std::int64_t> shape;
  for (const Dim& dim : program_.tensors[t].shape) shape.push_back(dim.value);
  return bytes_of(program_.tensors[t].dtype, shape);
}

void Session::read_state(std::int32_t tensor, void* to) const {
  const std::int64_t bytes = state_bytes(tensor);
  if (bytes > 0) backend_->download(to, views_[static_cast<std::size_t>(tensor)].data, bytes);
}

const Plan& Session::plan(const std::vector<std::int64_t>& symbols) {
  if (symbols.size() != program_.symbols.size()) {
    throw Error("expected " + std::to_string(program_.symbols.size()) + " symbol values, got " +
                std::to_string(symbols.size()));
  }
  const auto found =
      std::find_if(plans_.begin(), plans_.end(), [&](const Plan& p) { return p.symbols == symbols; });
  if (found != plans_.end()) {
    plans_.splice(plans_.begin(), plans_, found);
  } else {
    for (std::size_t i = 0; i < symbols.size(); i++) {
      if (symbols[i] < 0) throw Error("symbol " + program_.symbols[i] + " is negative");
    }
    plans_.push_front(make_plan(program_, steps_, *backend_, symbols, views_));
    if (plans_.size() > kPlans) plans_.pop_back();
  }
  return plans_.front();
}

void Session::bind_memory(const Plan& plan) {
  if (!arena_ || arena_->bytes < plan.arena_bytes) {
    arena_.reset();
    arena_ = std::make_unique<DeviceMemory>(*backend_, plan.arena_bytes);
  }
  for (std::size_t t = 0; t < views_.size(); t++) {
    const TensorPlan& tensor = plan.tensors[t];
    views_[t].rank = static_cast<std::int32_t>(tensor.shape.size());
    views_[t].stride = tensor.stride;
    std::copy(tensor.shape.begin(), tensor.shape.end(), views_[t].dim);
    if (tensor.offset >= 0) views_[t].data = static_cast<std::uint8_t*>(arena_->data) + tensor.offset;
  }
}

void Session::upload_inputs(const Plan& plan, const RunRequest& request) {
  std::vector<bool> given(program_.tensors.size(), false);
  for (const InputBinding& input : request.inputs) {
    const std::size_t t = static_cast<std::size_t>(input.tensor);
    if (input.tensor < 0 || t >= program_.tensors.size() || program_.tensors[t].kind != TensorKind::input) {
      throw Error("the program has no input with the number " + std::to_string(input.tensor));
    }
    const TensorPlan& tensor = plan.tensors[t];
    if (input.bytes != tensor.bytes) {
      throw Error("input '" + program_.tensors[t].name + "': expected " + std::to_string(tensor.bytes) +
                  " bytes for " + name_of(program_.tensors[t].dtype) + text_of(tensor.shape) + ", got " +
                  std::to_string(input.bytes));
    }
    if (input.lent && lendable(input.tensor)) {
      views_[t].data = const_cast<void*>(input.data);
    } else if (input.bytes > 0) {
      backend_->upload(views_[t].data, input.data, input.bytes);
    }
    given[t] = true;
  }
  for (std::size_t t = 0; t < given.size(); t++) {
    if (program_.tensors[t].kind == TensorKind::input && !given[t]) {
      throw Error("input '" + program_.tensors[t].name + "' is missing");
    }
  }
}

// Whether this tensor can lie in memory of the caller's: no step writes an input, and there are no other
// views of it whose place in the arena has been planned.
bool Session::lendable(std::int32_t tensor) const {
  const TensorDesc& desc = program_.tensors[static_cast<std::size_t>(tensor)];
  const auto writes = [&](const StepDesc& step) {
    return std::find(step.outputs.begin(), step.outputs.end(), tensor) != step.outputs.end();
  };
  const bool is_input = desc.kind == TensorKind::input;
  return backend_->shares_host_memory() && (is_input || desc.kind == TensorKind::intermediate) &&
         desc.parent < 0 &&
         std::none_of(program_.tensors.begin(), program_.tensors.end(),
                      [&](const TensorDesc& other) { return other.parent == tensor; }) &&
         !(is_input && std::any_of(program_.steps.begin(), program_.steps.end(), writes));
}

void Session::bind_outputs(const Plan& plan, const RunRequest& request) {
  for (const OutputBinding& output : request.outputs) {
    if (std::find(program_.outputs.begin(), program_.outputs.end(), output.tensor) ==
        program_.outputs.end()) {
      throw Error("the program has no output with the number " + std::to_string(output.tensor));
    }
    const std::size_t t = static_cast<std::size_t>(output.tensor);
    const TensorPlan& tensor = plan.tensors[t];
    if (output.bytes != tensor.bytes) {
      throw Error("output '" + program_.tensors[t].name + "': expected room for " +
                  std::to_string(tensor.bytes) + " bytes of " + name_of(program_.tensors[t].dtype) +
                  text_of(tensor.shape) + ", got " + std::to_string(output.bytes));
    }
    if (output.lent && lendable(output.tensor)) views_[t].data = output.data;
  }
}

void Session::download_outputs(const Plan& plan, const RunRequest& request, RunResult& result) {
  for (std::int32_t t : program_.outputs) {
    const TensorPlan& tensor = plan.tensors[static_cast<std::size_t>(t)];
    const void* from = views_[static_cast<std::size_t>(t)].data;
    result.shapes.push_back(tensor.shape);
    OutputBytes& output = result.outputs.emplace_back();
    const auto bound = std::find_if(request.outputs.begin(), request.outputs.end(),
                                    [&](const OutputBinding& binding) { return binding.tensor == t; });
    void* to = bound == request.outputs.end() ? nullptr : bound->data;
    if (bound == request.outputs.end()) {
      output.size = static_cast<std::size_t>(tensor.bytes);
      output.data = std::make_unique_for_overwrite<std::uint8_t[]>(output.size);
      to = output.data.get();
    }
    if (tensor.bytes > 0 && to != from) backend_->download(to, from, tensor.bytes);
  }
}

void Session::run_step(const Plan& plan, std::size_t number, const RunRequest& request, std::int64_t origin,
                       RunResult& result) {
  const StepDesc& step = program_.steps[number];
  const OpSpec& op = *steps_[number].op;
  in_.clear();
  out_.clear();
  for (std::int32_t t : step.inputs) in_.push_back(views_[static_cast<std::size_t>(t)]);
  for (std::int32_t t : step.outputs) out_.push_back(views_[static_cast<std::size_t>(t)]);
  const std::vector<FusedStep>& fused = plan.fused[number];
  Call call{in_.data(), out_.data(), {}, fused.data(), static_cast<std::int32_t>(fused.size())};
  std::copy(std::begin(steps_[number].attribute), std::end(steps_[number].attribute), call.attribute);
  if (op.check_values) {
    if (const std::string reason = op.check_values(call); !reason.empty()) {
      throw Error("step " + std::to_string(number) + " (" + step.op + "): " + reason);
    }
  }
  if (!request.timings) {
    backend_->launch(*plan.kernels[number], call, request.stop);
    return;
  }
  StepTiming timing;
  timing.step = static_cast<std::int32_t>(number);
  timing.kernel = plan.kernels[number];
  timing.start_ns = now_ns() - origin;
  backend_->launch(*plan.kernels[number], call, request.stop);
  backend_->synchronize();
  timing.duration_ns = now_ns() - origin - timing.start_ns;
  timing.bytes = op.bytes(call);
  timing.operations = op.operations(call);
  result.timings.push_back(timing);
}

RunResult Session::run(const RunRequest& request) {
  const Plan& plan = this->plan(request.symbols);
  bind_memory(plan);
  upload_inputs(plan, request);
  bind_outputs(plan, request);
  RunResult result;
  const std::int64_t origin = now_ns();
  for (std::size_t s = 0; s < program_.steps.size(); s++) {
    run_step(plan, s, request, origin, result);
    if (request.progress) request.progress(s + 1, program_.steps.size());
  }
  backend_->synchronize();
  result.duration_ns = now_ns() - origin;
  download_outputs(plan, request, result);
  return result;
}

}  // namespace qn
