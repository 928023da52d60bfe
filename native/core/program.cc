#include "native/core/program.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "native/core/error.h"
#include "native/core/fused_spec.h"
#include "native/core/quantized_row.h"
#include "native/core/signature.h"

namespace qn {
namespace {

constexpr std::int64_t kMaxDim = std::int64_t{1} << 40;

struct DTypeName {
  DType dtype;
  const char* name;
};
constexpr DTypeName kDTypeNames[] = {
    {DType::f32, "f32"},     {DType::f16, "f16"},     {DType::bf16, "bf16"},
    {DType::i32, "i32"},     {DType::u8, "u8"},       {DType::i8, "i8"},
    {DType::q8x16, "q8x16"}, {DType::q8x32, "q8x32"}, {DType::q8x64, "q8x64"},
};

class Validator {
 public:
  Validator(const Program& program, OpLookup find_op) : program_(program), find_op_(find_op) {}

  std::vector<CheckedStep> validate() {
    check_tensors();
    parts_.assign(program_.tensors.size(), {});
    for (std::size_t t = 0; t < program_.tensors.size(); t++) {
      check_place(t);
      if (program_.tensors[t].parent >= 0)
        parts_[static_cast<std::size_t>(program_.tensors[t].parent)].push_back(t);
    }
    computed_.assign(program_.tensors.size(), false);
    for (const StepDesc& step : program_.steps) {
      for (std::int32_t output : step.outputs) {
        if (output >= 0 && static_cast<std::size_t>(output) < computed_.size())
          computed_[static_cast<std::size_t>(output)] = true;
      }
    }
    defined_.assign(program_.tensors.size(), false);
    for (std::size_t i = 0; i < program_.tensors.size(); i++) {
      defined_[i] = program_.tensors[i].kind != TensorKind::intermediate;
    }
    std::vector<CheckedStep> steps;
    for (std::size_t i = 0; i < program_.steps.size(); i++) steps.push_back(check_step(i));
    for (std::int32_t output : program_.outputs) {
      const TensorDesc& tensor = tensor_at(output, "program output");
      if (tensor.weight) throw Error("program output '" + tensor.name + "' is a weight matrix");
      if (!is_defined(static_cast<std::size_t>(output))) {
        throw Error("program output '" + tensor.name + "' is never computed");
      }
      if (!is_dense(static_cast<std::size_t>(output))) {
        throw Error("program output '" + tensor.name + "' is a part of a tensor, with gaps");
      }
    }
    return steps;
  }

 private:
  void check_tensors() const {
    for (const TensorDesc& tensor : program_.tensors) {
      const std::string where = "tensor '" + tensor.name + "': ";
      if (tensor.shape.size() > kMaxRank) throw Error(where + "more than 4 dimensions");
      if (tensor.weight && tensor.kind != TensorKind::constant)
        throw Error(where + "a weight matrix must be a constant");
      const bool fixed = tensor.kind == TensorKind::constant || tensor.kind == TensorKind::state;
      for (const Dim& dim : tensor.shape) {
        if (dim.symbol >= static_cast<std::int32_t>(program_.symbols.size()))
          throw Error(where + "unknown symbol");
        if (dim.symbol >= 0 && fixed)
          throw Error(where + "a constant or a state cannot have symbolic dimensions");
        if (dim.symbol < 0 && (dim.value < 0 || dim.value > kMaxDim)) {
          throw Error(where + "dimension " + std::to_string(dim.value) + " is out of range");
        }
      }
      if (quantized_unit(tensor.dtype) && tensor.shape.size() != 2)
        throw Error(where + "q8 tensors have two dimensions");
    }
  }

  // What a tensor inside another one must be: its kind and type, and within the parent's bounds. Parents come
  // first, so that there are no cycles.
  void check_place(std::size_t t) const {
    const TensorDesc& tensor = program_.tensors[t];
    if (tensor.parent < 0) return;
    const std::string where = "tensor '" + tensor.name + "': ";
    if (static_cast<std::size_t>(tensor.parent) >= t) throw Error(where + "its parent must come before it");
    const TensorDesc& parent = program_.tensors[static_cast<std::size_t>(tensor.parent)];
    if (tensor.kind != TensorKind::intermediate ||
        (parent.kind != TensorKind::intermediate && parent.kind != TensorKind::input)) {
      throw Error(where + "only an intermediate tensor lies inside another, or inside an input");
    }
    if (tensor.dtype != parent.dtype || quantized_unit(tensor.dtype))
      throw Error(where + "its parent has another type");
    const std::int64_t elements = fixed_elements(tensor);
    const std::int64_t parent_elements = fixed_elements(parent);
    const std::int64_t last = last_dim(tensor);
    if (tensor.offset < 0 || tensor.stride < last || tensor.stride > parent_elements || elements == 0 ||
        tensor.offset > parent_elements - ((elements / last - 1) * tensor.stride + last)) {
      throw Error(where + "it does not lie within its parent");
    }
    if (is_dense(static_cast<std::size_t>(tensor.parent))) return;
    // Inside a part with gaps, the rows must be the part's own.
    if (tensor.stride != last_dim(parent) || tensor.offset + last > last_dim(parent) ||
        elements / last != parent_elements / last_dim(parent)) {
      throw Error(where + "its parent has gaps where it has none");
    }
  }

  std::int64_t fixed_elements(const TensorDesc& tensor) const {
    std::int64_t elements = 1;
    for (const Dim& dim : tensor.shape) {
      if (dim.symbol >= 0)
        throw Error("tensor '" + tensor.name +
                    "': a tensor inside another one cannot have symbolic dimensions");
      if (dim.value > 0 && elements > kMaxDim / dim.value)
        throw Error("tensor '" + tensor.name + "': it is too large");
      elements *= dim.value;
    }
    return elements;
  }

  static std::int64_t last_dim(const TensorDesc& tensor) {
    return tensor.shape.empty() ? 1 : tensor.shape.back().value;
  }

  bool is_dense(std::size_t t) const {
    const TensorDesc& tensor = program_.tensors[t];
    if (tensor.parent < 0) return true;
    return tensor.stride == last_dim(tensor) && is_dense(static_cast<std::size_t>(tensor.parent));
  }

  // Whether all of it has been computed: by a step, or part by part.
  bool is_whole(std::size_t t) const {
    if (defined_[t]) return true;
    bool any = false;
    for (std::size_t part : parts_[t]) {
      if (!is_ever_computed(part)) continue;
      if (!is_whole(part)) return false;
      any = true;
    }
    return any;
  }

  bool is_ever_computed(std::size_t t) const {
    return computed_[t] || std::any_of(parts_[t].begin(), parts_[t].end(),
                                       [&](std::size_t part) { return is_ever_computed(part); });
  }

  bool is_defined(std::size_t t) const {
    if (is_whole(t)) return true;
    const std::int32_t parent = program_.tensors[t].parent;
    return parent >= 0 && is_defined(static_cast<std::size_t>(parent));
  }

  const TensorDesc& tensor_at(std::int32_t index, const std::string& where) const {
    if (index < 0 || static_cast<std::size_t>(index) >= program_.tensors.size()) {
      throw Error(where + ": no tensor has the number " + std::to_string(index));
    }
    return program_.tensors[static_cast<std::size_t>(index)];
  }

  CheckedStep check_step(std::size_t number) {
    const StepDesc& step = program_.steps[number];
    const std::string where = "step " + std::to_string(number) + " (" + step.op +
                              (step.label.empty() ? "" : ", " + step.label) + "): ";
    const OpSpec* op = find_op_(step.op);
    if (!op) throw Error(where + "there is no such op");
    const Signature& signature = signature_of(*op);
    std::map<std::string, Dim> letters;
    check_ports(where, "input", signature.inputs, step.inputs, signature.fusible, letters);
    check_ports(where, "output", signature.outputs, step.outputs, false, letters);
    check_updates(where, signature, step);
    check_parts(where, *op, step);
    for (std::size_t i = 0; i < step.inputs.size(); i++) {
      const std::size_t tensor = static_cast<std::size_t>(step.inputs[i]);
      // An updated tensor comes into being with its first update.
      const bool updated = i < signature.inputs.size() && signature.inputs[i].updated;
      if (!updated && !is_defined(tensor)) {
        throw Error(where + "input '" + program_.tensors[tensor].name + "' is used before it is computed");
      }
    }
    for (std::size_t i = 0; i < step.outputs.size(); i++)
      define(where, signature.outputs[i], step.outputs[i]);
    CheckedStep checked{op, {}, {}};
    check_attributes(where, *op, step, checked.attribute);
    if (!signature.fusible && !step.fused.empty()) throw Error(where + "this op takes no fused steps");
    for (const FusedDesc& fused : step.fused)
      checked.fused.push_back(check_fused(where, signature, step, fused));
    return checked;
  }

  void check_ports(const std::string& where, const char* role, const std::vector<Port>& ports,
                   const std::vector<std::int32_t>& operands, bool more,
                   std::map<std::string, Dim>& letters) const {
    if (operands.size() < ports.size() || (operands.size() > ports.size() && !more)) {
      throw Error(where + "expected " + std::to_string(ports.size()) + " " + role + "s, got " +
                  std::to_string(operands.size()));
    }
    for (std::size_t i = ports.size(); i < operands.size(); i++)
      tensor_at(operands[i], where + role + " " + std::to_string(i));
    for (std::size_t i = 0; i < ports.size(); i++) {
      const TensorDesc& tensor = tensor_at(operands[i], where + role + " " + std::to_string(i));
      if (!admits(ports[i], tensor) || !fits(ports[i], tensor, letters)) {
        throw Error(where + role + " " + std::to_string(i) + " '" + tensor.name + "': expected " +
                    describe(ports[i]) + ", got " + describe(tensor, program_.symbols));
      }
    }
  }

  void check_parts(const std::string& where, const OpSpec& op, const StepDesc& step) const {
    if (op.strided) return;
    for (const auto* operands : {&step.inputs, &step.outputs}) {
      for (std::int32_t t : *operands) {
        if (!is_dense(static_cast<std::size_t>(t))) {
          throw Error(where + "'" + program_.tensors[static_cast<std::size_t>(t)].name +
                      "' is a part of a tensor, with gaps, which this op does not take");
        }
      }
    }
  }

  FusedStep check_fused(const std::string& where, const Signature& signature, const StepDesc& step,
                        const FusedDesc& fused) const {
    const std::int32_t first = static_cast<std::int32_t>(signature.inputs.size());
    const std::int32_t end = static_cast<std::int32_t>(step.inputs.size());
    if (fused.operand >= 0 && (fused.operand < first || fused.operand >= end)) {
      throw Error(where + "fused step '" + fused.op + "': its operand is input " +
                  std::to_string(fused.operand) + ", which is none of the step's inputs " +
                  std::to_string(first) + " to " + std::to_string(end - 1));
    }
    return read_fused(fused, where);
  }

  // Letters stand for one dimension each throughout the signature.
  static bool fits(const Port& port, const TensorDesc& tensor, std::map<std::string, Dim>& letters) {
    if (port.any_shape) return true;
    if (port.dims.size() != tensor.shape.size()) return false;
    for (std::size_t d = 0; d < port.dims.size(); d++) {
      const std::string& expected = port.dims[d];
      const Dim& found = tensor.shape[d];
      if (std::isdigit(static_cast<unsigned char>(expected[0]))) {
        if (found.symbol >= 0 || found.value != std::stoll(expected)) return false;
      } else if (!(letters.emplace(expected, found).first->second == found)) {
        return false;
      }
    }
    return true;
  }

  static void check_updates(const std::string& where, const Signature& signature, const StepDesc& step) {
    std::vector<std::int32_t> in;
    std::vector<std::int32_t> out;
    for (std::size_t i = 0; i < signature.inputs.size(); i++) {
      if (signature.inputs[i].updated) in.push_back(step.inputs[i]);
    }
    for (std::size_t i = 0; i < step.outputs.size(); i++) {
      if (signature.outputs[i].updated) out.push_back(step.outputs[i]);
    }
    if (in != out) throw Error(where + "a tensor that is updated in place must be both input and output");
  }

  void define(const std::string& where, const Port& port, std::int32_t output) {
    const TensorDesc& tensor = program_.tensors[static_cast<std::size_t>(output)];
    const bool writable = tensor.kind == TensorKind::intermediate || tensor.kind == TensorKind::state;
    if (!writable) throw Error(where + "output '" + tensor.name + "' is an input or a constant");
    if (!port.updated && (tensor.kind == TensorKind::state || defined_[static_cast<std::size_t>(output)])) {
      throw Error(where + "output '" + tensor.name + "' is computed twice");
    }
    defined_[static_cast<std::size_t>(output)] = true;
  }

  static void check_attributes(const std::string& where, const OpSpec& op, const StepDesc& step,
                               double* values) {
    for (const auto& given : step.attributes) {
      const std::string& name = given.first;
      const bool known = std::any_of(op.attributes.begin(), op.attributes.end(),
                                     [&](const AttributeSpec& spec) { return name == spec.name; });
      if (!known) throw Error(where + "unknown attribute '" + name + "'");
    }
    for (std::size_t i = 0; i < op.attributes.size(); i++) {
      const AttributeSpec& spec = op.attributes[i];
      const auto given = step.attributes.find(spec.name);
      if (given == step.attributes.end() && spec.required) {
        throw Error(where + "attribute '" + spec.name + "' is missing");
      }
      values[i] = given == step.attributes.end() ? spec.default_value : given->second;
    }
  }

  const Program& program_;
  OpLookup find_op_;
  std::vector<std::vector<std::size_t>> parts_;  // of each tensor, those that lie directly in it
  std::vector<bool> computed_;                   // by some step
  std::vector<bool> defined_;                    // so far
};

}  // namespace

std::vector<CheckedStep> validate(const Program& program, OpLookup find_op) {
  return Validator(program, find_op).validate();
}

const char* name_of(DType dtype) {
  for (const auto& entry : kDTypeNames) {
    if (entry.dtype == dtype) return entry.name;
  }
  return "?";
}

DType dtype_from_name(const std::string& name) {
  for (const auto& entry : kDTypeNames) {
    if (name == entry.name) return entry.dtype;
  }
  throw Error("unknown dtype '" + name + "'");
}

std::int64_t bytes_of(DType dtype, const std::vector<std::int64_t>& shape) {
  std::int64_t row = 4;
  if (dtype == DType::f16 || dtype == DType::bf16) row = 2;
  if (dtype == DType::u8 || dtype == DType::i8) row = 1;
  std::size_t dims = shape.size();
  if (const int unit = quantized_unit(dtype)) {
    if (shape[1] > kMaxDim) throw Error("tensor size overflows");
    row = quantized_row_bytes(shape[1], unit);
    dims = 1;
  }
  std::int64_t bytes = row;
  for (std::size_t d = 0; d < dims; d++) {
    if (shape[d] < 0 || (shape[d] > 0 && bytes > std::numeric_limits<std::int64_t>::max() / shape[d])) {
      throw Error("tensor size overflows");
    }
    bytes *= shape[d];
  }
  return bytes;
}

}  // namespace qn
