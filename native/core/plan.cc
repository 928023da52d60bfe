#include "native/core/plan.h"

#include <algorithm>

#include "native/core/error.h"
#include "native/core/signature.h"

namespace qn {
namespace {

constexpr std::int64_t kAlignment = 64;

std::int64_t align(std::int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Tensors that share memory, alive over the steps [first, last].
struct Buffer {
  std::int64_t bytes = 0;
  std::int64_t first = -1;
  std::int64_t last = -1;
  std::int64_t offset = 0;
};

class Planner {
 public:
  Planner(const Program& program, const std::vector<CheckedStep>& steps, Plan& plan)
      : program_(program), steps_(steps), plan_(plan) {}

  void place() {
    find_lifetimes();
    assign_buffers();
    assign_offsets();
    for (std::size_t t = 0; t < program_.tensors.size(); t++) {
      if (buffer_of_[t] >= 0)
        plan_.tensors[t].offset = buffers_[static_cast<std::size_t>(buffer_of_[t])].offset;
    }
  }

 private:
  // Inputs live from before the first step, outputs to after the last one.
  void find_lifetimes() {
    const std::int64_t end = static_cast<std::int64_t>(program_.steps.size());
    first_.assign(program_.tensors.size(), end);
    last_.assign(program_.tensors.size(), -1);
    for (std::size_t t = 0; t < program_.tensors.size(); t++) {
      if (program_.tensors[t].kind == TensorKind::input) first_[t] = last_[t] = -1;
    }
    for (std::int64_t s = 0; s < end; s++) {
      const StepDesc& step = program_.steps[static_cast<std::size_t>(s)];
      for (const auto* operands : {&step.inputs, &step.outputs}) {
        for (std::int32_t t : *operands) {
          first_[static_cast<std::size_t>(t)] = std::min(first_[static_cast<std::size_t>(t)], s);
          last_[static_cast<std::size_t>(t)] = s;
        }
      }
    }
    for (std::int32_t t : program_.outputs) last_[static_cast<std::size_t>(t)] = end;
  }

  bool in_arena(std::size_t t) const {
    const TensorKind kind = program_.tensors[t].kind;
    return kind == TensorKind::input || (kind == TensorKind::intermediate && last_[t] >= 0);
  }

  void assign_buffers() {
    buffer_of_.assign(program_.tensors.size(), -1);
    for (std::size_t t = 0; t < program_.tensors.size(); t++) {
      if (program_.tensors[t].kind == TensorKind::input) own_buffer(t);
    }
    for (std::size_t s = 0; s < program_.steps.size(); s++) {
      const StepDesc& step = program_.steps[s];
      for (std::size_t i = 0; i < step.outputs.size(); i++) {
        const std::size_t t = static_cast<std::size_t>(step.outputs[i]);
        if (!in_arena(t) || buffer_of_[t] >= 0) continue;
        const int source = i == 0 ? steps_[s].op->in_place_input : -1;
        if (source < 0 ||
            !take_over(t, static_cast<std::size_t>(step.inputs[static_cast<std::size_t>(source)]), s)) {
          own_buffer(t);
        }
      }
    }
  }

  void own_buffer(std::size_t t) {
    buffer_of_[t] = static_cast<std::int64_t>(buffers_.size());
    buffers_.push_back({align(plan_.tensors[t].bytes), first_[t], last_[t], 0});
  }

  // The output of an element-wise step takes over its input's memory when that step is the input's last
  // reader.
  bool take_over(std::size_t output, std::size_t input, std::size_t step) {
    const bool ends_here = last_[input] == static_cast<std::int64_t>(step);
    if (program_.tensors[input].kind != TensorKind::intermediate || !ends_here || buffer_of_[input] < 0)
      return false;
    if (plan_.tensors[input].bytes != plan_.tensors[output].bytes) return false;
    const auto& inputs = program_.steps[step].inputs;
    if (std::count(inputs.begin(), inputs.end(), static_cast<std::int32_t>(input)) != 1) return false;
    buffer_of_[output] = buffer_of_[input];
    Buffer& buffer = buffers_[static_cast<std::size_t>(buffer_of_[input])];
    buffer.last = std::max(buffer.last, last_[output]);
    return true;
  }

  // First fit in order of birth: each buffer goes into the lowest gap between those that are alive with it.
  void assign_offsets() {
    std::vector<std::size_t> order(buffers_.size());
    for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return buffers_[a].first < buffers_[b].first; });
    std::vector<const Buffer*> alive;  // by offset
    for (std::size_t i : order) {
      Buffer& buffer = buffers_[i];
      std::erase_if(alive, [&](const Buffer* other) { return other->last < buffer.first; });
      std::int64_t offset = 0;
      auto place = alive.begin();
      for (; place != alive.end() && (*place)->offset - offset < buffer.bytes; ++place) {
        offset = std::max(offset, (*place)->offset + (*place)->bytes);
      }
      buffer.offset = offset;
      alive.insert(place, &buffer);
      plan_.arena_bytes = std::max(plan_.arena_bytes, offset + buffer.bytes);
    }
  }

  const Program& program_;
  const std::vector<CheckedStep>& steps_;
  Plan& plan_;
  std::vector<std::int64_t> first_;
  std::vector<std::int64_t> last_;
  std::vector<std::int64_t> buffer_of_;
  std::vector<Buffer> buffers_;
};

View bound_view(const View& view, const TensorPlan& tensor) {
  View bound = view;
  bound.rank = static_cast<std::int32_t>(tensor.shape.size());
  std::copy(tensor.shape.begin(), tensor.shape.end(), bound.dim);
  return bound;
}

}  // namespace

Plan make_plan(const Program& program, const std::vector<CheckedStep>& steps, const Backend& backend,
               std::vector<std::int64_t> symbols, const std::vector<View>& views) {
  Plan plan;
  plan.symbols = std::move(symbols);
  plan.tensors.resize(program.tensors.size());
  for (std::size_t t = 0; t < program.tensors.size(); t++) {
    const TensorDesc& desc = program.tensors[t];
    TensorPlan& tensor = plan.tensors[t];
    for (const Dim& dim : desc.shape) {
      tensor.shape.push_back(dim.symbol >= 0 ? plan.symbols[static_cast<std::size_t>(dim.symbol)]
                                             : dim.value);
    }
    if (!desc.weight) tensor.bytes = bytes_of(desc.dtype, tensor.shape);
  }
  for (std::size_t s = 0; s < program.steps.size(); s++) {
    const StepDesc& step = program.steps[s];
    std::vector<View> in;
    std::vector<View> out;
    for (std::int32_t t : step.inputs) {
      in.push_back(bound_view(views[static_cast<std::size_t>(t)], plan.tensors[static_cast<std::size_t>(t)]));
    }
    for (std::int32_t t : step.outputs) {
      out.push_back(
          bound_view(views[static_cast<std::size_t>(t)], plan.tensors[static_cast<std::size_t>(t)]));
    }
    Call call{in.data(), out.data(), {}};
    std::copy(std::begin(steps[s].attribute), std::end(steps[s].attribute), call.attribute);
    const OpSpec& op = *steps[s].op;
    if (op.check) {
      if (const std::string reason = op.check(call); !reason.empty()) {
        throw Error("step " + std::to_string(s) + " (" + step.op +
                    (step.label.empty() ? "" : ", " + step.label) + "): " + reason);
      }
    }
    plan.kernels.push_back(&backend.select(op, call));
  }
  Planner(program, steps, plan).place();
  return plan;
}

}  // namespace qn
