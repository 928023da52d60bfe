// Parses an OpSpec's signature, "f32|q8[T,K], weight[N,K] -> f32[T,N]" (see op.h).
#pragma once

#include <string>
#include <vector>

#include "native/core/program.h"

namespace qn {

struct Port {
  std::vector<std::string> classes;
  std::vector<std::string> dims;  // a letter, or a number
  bool any_shape = false;         // "[*]"
  bool updated = false;           // "~": updated in place
};

struct Signature {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  bool fusible = false;  // "...": fused steps, and their operands after the inputs
};

// Cached per OpSpec for the life of the process. The text is the project's own, so a mistake in it is a
// logic_error.
const Signature& signature_of(const OpSpec& op);

bool admits(const Port& port, const TensorDesc& tensor);
std::string describe(const Port& port);
std::string describe(const TensorDesc& tensor, const std::vector<std::string>& symbols);

}  // namespace qn
