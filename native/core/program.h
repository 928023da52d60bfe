// A model as data: typed tensors with symbolic dimensions, and the steps that compute them. TypeScript builds
// it (src/program/), the core trusts nothing in it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "native/core/call.h"
#include "native/core/fused.h"
#include "native/core/op.h"

namespace qn {

// A dimension: a symbol of the program ("T" tokens), bound at each run, or a number.
struct Dim {
  std::int32_t symbol = -1;  // index into Program::symbols; -1: `value` holds
  std::int64_t value = 0;
  bool operator==(const Dim&) const = default;
};

enum class TensorKind : std::uint8_t {
  input,         // given at each run
  constant,      // weights and tables, given when the session is made
  state,         // lives as long as the session (a KV cache); its dimensions are numbers
  intermediate,  // planned into the arena
};

struct TensorDesc {
  std::string name;
  TensorKind kind = TensorKind::intermediate;
  DType dtype = DType::f32;
  bool weight = false;  // a matrix in panels: a constant, whose dtype is not used
  std::vector<Dim> shape;
  // An intermediate tensor may lie inside another one: a part of a concatenation, or the same elements in
  // another shape. Its first element is the parent's element `offset`, its last-axis rows are `stride` apart,
  // all in elements of the parent as though that were dense. Neither has symbolic dimensions. -1: none.
  std::int32_t parent = -1;
  std::int64_t offset = 0;
  std::int64_t stride = 0;
};

// An elementwise step that an op applies to what it stores.
struct FusedDesc {
  std::string op;
  std::int32_t operand = -1;  // the position among the step's inputs; -1: none
  std::map<std::string, double> attributes;
};

struct StepDesc {
  std::string op;
  std::string label;  // where in the model: "blocks.3.mlp.down"
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> outputs;
  std::map<std::string, double> attributes;
  std::vector<FusedDesc> fused;
};

struct Program {
  std::vector<std::string> symbols;
  std::vector<TensorDesc> tensors;
  std::vector<StepDesc> steps;
  std::vector<std::int32_t> outputs;  // tensors that a run returns
};

// Finds an op by its name; null when there is none.
using OpLookup = const OpSpec* (*)(const std::string& name);

// A step after validation: its op and its attribute values in the op's order.
struct CheckedStep {
  const OpSpec* op;
  double attribute[kMaxAttributes];
  std::vector<FusedStep> fused;  // operand kinds are found when shapes are known
};

// Checks indices, kinds, order of definition, signatures and attributes. Throws Error naming the step and the
// operand.
std::vector<CheckedStep> validate(const Program& program, OpLookup find_op);

const char* name_of(DType dtype);
DType dtype_from_name(const std::string& name);  // throws Error
// Bytes of a tensor of this type and bound shape. Throws Error on overflow.
std::int64_t bytes_of(DType dtype, const std::vector<std::int64_t>& shape);

}  // namespace qn
