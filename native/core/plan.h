// One binding of a program's symbols: every shape, the kernel of every step, and where in the arena each
// intermediate tensor lies.
#pragma once

#include <cstdint>
#include <vector>

#include "native/core/backend.h"
#include "native/core/program.h"

namespace qn {

struct TensorPlan {
  std::vector<std::int64_t> shape;
  std::int64_t bytes = 0;
  std::int64_t offset = -1;  // in the arena; -1: not there (constants, states)
  std::int64_t stride = 0;   // View::stride
};

struct Plan {
  std::vector<std::int64_t> symbols;  // the binding
  std::vector<TensorPlan> tensors;
  std::vector<const Kernel*> kernels;         // one a step
  std::vector<std::vector<FusedStep>> fused;  // of each step, operands bound
  std::int64_t arena_bytes = 0;
};

// `views` holds, for each tensor, a view with its weight set (data null): kernels are chosen by shapes and
// weights. Throws Error naming the step whose operands do not fit.
Plan make_plan(const Program& program, const std::vector<CheckedStep>& steps, const Backend& backend,
               std::vector<std::int64_t> symbols, const std::vector<View>& views);

}  // namespace qn
