// A program made ready to run on a backend: validated, its constants bound, one arena for everything between.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "native/core/backend.h"
#include "native/core/plan.h"
#include "native/core/program.h"

namespace qn {

// What a constant tensor is bound to: a weight in panels, or dense values.
struct Constant {
  std::int32_t tensor = -1;
  const Weight* weight = nullptr;
  const void* data = nullptr;
  std::int64_t bytes = 0;             // of the dense values
  std::shared_ptr<const void> owner;  // keeps either alive
};

struct InputBinding {
  std::int32_t tensor = -1;
  const void* data = nullptr;
  std::int64_t bytes = 0;
  // Lent: where the backend can, it is read where it lies. It does not change before the run is over, and
  // kReadableSlack bytes behind it can be read.
  bool lent = false;
};

// An output that goes to memory of the caller's.
struct OutputBinding {
  std::int32_t tensor = -1;
  void* data = nullptr;
  std::int64_t bytes = 0;
  bool lent = false;  // as InputBinding's: where the backend can, it is computed there; no input lies there
};

struct StepTiming {
  std::int32_t step = 0;
  const Kernel* kernel = nullptr;
  std::int64_t start_ns = 0;  // from the start of the run
  std::int64_t duration_ns = 0;
  std::int64_t bytes = 0;       // OpSpec::bytes
  std::int64_t operations = 0;  // OpSpec::operations
};

struct RunRequest {
  std::vector<std::int64_t> symbols;  // one value for each symbol of the program
  std::vector<InputBinding> inputs;
  std::vector<OutputBinding> outputs;
  bool timings = false;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::size_t done, std::size_t steps)> progress;  // after every step; may be empty
};

// An output's values, none of one that was bound. Not a vector, which would write zeros first: a detector's
// scores are megabytes.
struct OutputBytes {
  std::unique_ptr<std::uint8_t[]> data;
  std::size_t size = 0;
};

struct RunResult {
  std::vector<std::vector<std::int64_t>> shapes;  // of the program's outputs
  std::vector<OutputBytes> outputs;
  std::vector<StepTiming> timings;  // empty when not asked for
  std::int64_t duration_ns = 0;     // from the first step to the last, uploads and downloads excluded
};

// Not thread-safe: one run at a time.
class Session {
 public:
  // Throws Error when the program is wrong or a constant is missing or does not fit its tensor.
  Session(Program program, std::vector<Constant> constants, std::shared_ptr<Backend> backend,
          OpLookup find_op);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Program& program() const { return program_; }

  // Throws Error for wrong inputs, Aborted when stopped.
  RunResult run(const RunRequest& request);

  // Fills every state tensor with zeros.
  void reset();

  // Bytes of a state tensor, and its values copied to `to`. Throws Error when the program has no such state.
  std::int64_t state_bytes(std::int32_t tensor) const;
  void read_state(std::int32_t tensor, void* to) const;

  // The plan for this binding, made now if need be: for the memory it takes and the kernels it chooses.
  const Plan& plan(const std::vector<std::int64_t>& symbols);

 private:
  struct DeviceMemory;

  void bind_constants(const std::vector<Constant>& constants);
  void bind_memory(const Plan& plan);
  void upload_inputs(const Plan& plan, const RunRequest& request);
  void bind_outputs(const Plan& plan, const RunRequest& request);
  void download_outputs(const Plan& plan, const RunRequest& request, RunResult& result);
  bool lendable(std::int32_t tensor) const;
  void run_step(const Plan& plan, std::size_t step, const RunRequest& request, std::int64_t origin,
                RunResult& result);

  Program program_;
  std::vector<CheckedStep> steps_;
  std::shared_ptr<Backend> backend_;
  std::vector<Constant> constants_;
  std::vector<View> views_;  // one a tensor; shapes and data as of the current plan
  std::vector<View> in_;     // of the step that runs
  std::vector<View> out_;
  std::vector<std::unique_ptr<DeviceMemory>> states_;
  std::unique_ptr<DeviceMemory> arena_;
  std::list<Plan> plans_;  // most recently used first
};

}  // namespace qn
