#include "native/core/plan.h"

#include <algorithm>

#include "native/core/error.h"
#include "native/core/fused_spec.h"
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
      if (program_.tensors[t].parent >= 0) place_in_parent(t);
    }
    plan_.arena_bytes += kReadableSlack;
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
        for (std::int32_t operand : *operands) {
          const std::size_t t = root_of(operand);
          first_[t] = std::min(first_[t], s);
          last_[t] = s;
        }
      }
    }
    for (std::int32_t t : program_.outputs) last_[root_of(t)] = end;
  }

  // The tensor that owns the memory.
  std::size_t root_of(std::int32_t tensor) const {
    const std::int32_t parent = program_.tensors[static_cast<std::size_t>(tensor)].parent;
    return parent < 0 ? static_cast<std::size_t>(tensor) : root_of(parent);
  }

  // Parents come before what lies in them, so the parent has its place.
  void place_in_parent(std::size_t t) {
    const TensorDesc& desc = program_.tensors[t];
    const TensorPlan& parent = plan_.tensors[static_cast<std::size_t>(desc.parent)];
    if (parent.offset < 0) return;
    const std::int64_t last = parent.shape.empty() ? 1 : parent.shape.back();
    plan_.tensors[t].stride = parent.stride == last ? desc.stride : parent.stride;
    plan_.tensors[t].offset = parent.offset + bytes_of(desc.dtype, {desc.offset});
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
        const std::size_t t = root_of(step.outputs[i]);
        if (!in_arena(t) || buffer_of_[t] >= 0) continue;
        const bool whole = t == static_cast<std::size_t>(step.outputs[i]);
        const int source = i == 0 && whole ? steps_[s].op->in_place_input : -1;
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
  // reader. An input that lies in another tensor has no memory of its own to give.
  bool take_over(std::size_t output, std::size_t input, std::size_t step) {
    const bool ends_here = last_[input] == static_cast<std::int64_t>(step);
    if (program_.tensors[input].kind != TensorKind::intermediate || !ends_here || buffer_of_[input] < 0)
      return false;
    if (plan_.tensors[input].bytes != plan_.tensors[output].bytes) return false;
    const auto& inputs = program_.steps[step].inputs;
    if (std::count_if(inputs.begin(), inputs.end(), [&](std::int32_t t) { return root_of(t) == input; }) != 1)
      return false;
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
  bound.stride = tensor.stride;
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
    tensor.stride = tensor.shape.empty() ? 1 : tensor.shape.back();
  }
  Planner(program, steps, plan).place();
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
    const OpSpec& op = *steps[s].op;
    plan.fused.push_back(steps[s].fused);
    std::vector<FusedStep>& fused = plan.fused.back();
    std::string reason = fused.empty() ? "" : bind_fused(fused, op.real_steps, in.data(), out[0]);
    Call call{in.data(), out.data(), {}, fused.data(), static_cast<std::int32_t>(fused.size())};
    std::copy(std::begin(steps[s].attribute), std::end(steps[s].attribute), call.attribute);
    if (reason.empty() && op.check) reason = op.check(call);
    if (!reason.empty()) {
      throw Error("step " + std::to_string(s) + " (" + step.op +
                  (step.label.empty() ? "" : ", " + step.label) + "): " + reason);
    }
    plan.kernels.push_back(&backend.select(op, call));
  }
  return plan;
}

}  // namespace qn
