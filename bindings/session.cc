#include "bindings/session.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>

#include "bindings/arguments.h"
#include "bindings/handle.h"
#include "bindings/job.h"
#include "bindings/program.h"
#include "bindings/weight.h"
#include "native/core/error.h"
#include "native/core/session.h"
#include "native/cpu/backend.h"
#include "native/cpu/features.h"

namespace qn::bindings {

struct SessionHandle {
  std::shared_ptr<cpu::CpuBackend> backend;
  std::unique_ptr<Session> session;
  std::atomic<bool> running{false};
};

template <>
struct HandleTag<SessionHandle> {
  static constexpr napi_type_tag value = {0x7c1f6f6f3a524c5bULL, 0x9b4b1c0f5d8e2a71ULL};
  static constexpr const char* name = "session";
};

namespace {

// Marks the session as busy for the life of one run.
class Lease {
 public:
  explicit Lease(std::shared_ptr<SessionHandle> handle) : handle_(std::move(handle)) {
    if (handle_->running.exchange(true))
      throw Error("this session is running already: await one run before the next");
  }
  ~Lease() { handle_->running = false; }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Session& session() const { return *handle_->session; }

 private:
  std::shared_ptr<SessionHandle> handle_;
};

std::vector<Constant> read_constants(const Napi::Array& array) {
  std::vector<Constant> constants;
  for (std::uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Object object = array.Get(i).As<Napi::Object>();
    constants.push_back(constant_from_handle(object.Get("weight")));
    constants.back().tensor = static_cast<std::int32_t>(integer_at(object, "tensor"));
  }
  return constants;
}

// (program, constants: { tensor, weight }[], { threads, isa? }) -> session
Napi::Value create_session(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[2].As<Napi::Object>();
  std::optional<Isa> isa;
  if (options.Get("isa").IsString()) isa = cpu::isa_from_name(string_at(options, "isa"));
  auto handle = std::make_shared<SessionHandle>();
  handle->backend = std::make_shared<cpu::CpuBackend>(static_cast<int>(integer_at(options, "threads")), isa);
  handle->session =
      std::make_unique<Session>(read_program(info[0].As<Napi::Object>()),
                                read_constants(info[1].As<Napi::Array>()), handle->backend, cpu::find_op);
  return make_handle(info.Env(), std::move(handle));
}

std::vector<std::int64_t> read_symbols(const Napi::Array& array) {
  std::vector<std::int64_t> symbols;
  for (std::uint32_t i = 0; i < array.Length(); i++) symbols.push_back(array.Get(i).ToNumber().Int64Value());
  return symbols;
}

// A run's request with copies of its inputs, unless they are lent: JavaScript may do with its arrays as it
// likes while the job runs.
struct OwnedRequest {
  RunRequest request;
  std::vector<std::vector<std::uint8_t>> inputs;
};

// Whether an op can work on the array's memory: at a multiple of 4 bytes (call.h), and what it may read
// behind the last element belongs to the array's buffer.
bool can_be_lent(const Napi::TypedArray& array) {
  return array.ByteOffset() % sizeof(float) == 0 &&
         array.ArrayBuffer().ByteLength() >= array.ByteOffset() + array.ByteLength() + kReadableSlack;
}

void read_outputs(const Napi::Array& outputs, RunRequest& request) {
  for (std::uint32_t i = 0; i < outputs.Length(); i++) {
    const Napi::Object output = outputs.Get(i).As<Napi::Object>();
    const Bytes bytes = bytes_of_typed_array(output.Get("data"), "output data");
    for (const InputBinding& input : request.inputs) {
      const std::uint8_t* begin = static_cast<const std::uint8_t*>(input.data);
      if (bytes.data < begin + input.bytes && begin < bytes.data + bytes.size)
        throw Error("an output cannot be written over an input of the same run");
    }
    request.outputs.push_back({static_cast<std::int32_t>(integer_at(output, "tensor")),
                               const_cast<std::uint8_t*>(bytes.data), static_cast<std::int64_t>(bytes.size),
                               can_be_lent(output.Get("data").As<Napi::TypedArray>())});
  }
}

OwnedRequest read_request(const Napi::Object& object) {
  OwnedRequest owned;
  owned.request.symbols = read_symbols(array_at(object, "symbols"));
  owned.request.timings = flag_at(object, "timings");
  const Napi::Array inputs = array_at(object, "inputs");
  const bool lent = flag_at(object, "lent");
  for (std::uint32_t i = 0; i < inputs.Length(); i++) {
    const Napi::Object input = inputs.Get(i).As<Napi::Object>();
    const Bytes bytes = bytes_of_typed_array(input.Get("data"), "input data");
    const std::uint8_t* data = bytes.data;
    if (!lent) data = owned.inputs.emplace_back(bytes.data, bytes.data + bytes.size).data();
    owned.request.inputs.push_back({static_cast<std::int32_t>(integer_at(input, "tensor")), data,
                                    static_cast<std::int64_t>(bytes.size),
                                    lent && can_be_lent(input.Get("data").As<Napi::TypedArray>())});
  }
  read_outputs(array_at(object, "outputs"), owned.request);
  return owned;
}

Napi::Value timings_to_javascript(Napi::Env env, const std::vector<StepTiming>& timings) {
  Napi::Array array = Napi::Array::New(env, timings.size());
  for (std::uint32_t i = 0; i < timings.size(); i++) {
    const StepTiming& timing = timings[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("step", timing.step);
    object.Set("kernel", timing.kernel->name);
    object.Set("startNs", static_cast<double>(timing.start_ns));
    object.Set("durationNs", static_cast<double>(timing.duration_ns));
    object.Set("bytes", static_cast<double>(timing.bytes));
    object.Set("operations", static_cast<double>(timing.operations));
    array.Set(i, object);
  }
  return array;
}

Napi::Value result_to_javascript(Napi::Env env, const RunResult& result) {
  Napi::Array outputs = Napi::Array::New(env, result.outputs.size());
  for (std::uint32_t i = 0; i < result.outputs.size(); i++) {
    const OutputBytes& values = result.outputs[i];
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, values.size);
    // Not memcpy: a buffer of no bytes has a null pointer.
    std::copy_n(values.data.get(), values.size, static_cast<std::uint8_t*>(buffer.Data()));
    Napi::Array shape = Napi::Array::New(env, result.shapes[i].size());
    for (std::uint32_t d = 0; d < result.shapes[i].size(); d++)
      shape.Set(d, static_cast<double>(result.shapes[i][d]));
    Napi::Object output = Napi::Object::New(env);
    output.Set("shape", shape);
    output.Set("data", buffer);
    outputs.Set(i, output);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("outputs", outputs);
  object.Set("timings", timings_to_javascript(env, result.timings));
  object.Set("durationNs", static_cast<double>(result.duration_ns));
  return object;
}

// (session, { symbols, inputs: { tensor, data }[], lent, outputs: { tensor, data }[], timings }, onProgress?)
// -> { promise, cancel }
Napi::Value run_session(const Napi::CallbackInfo& info) {
  auto lease = std::make_shared<Lease>(from_handle<SessionHandle>(info[0]));
  const Napi::Object object = info[1].As<Napi::Object>();
  auto owned = std::make_shared<OwnedRequest>(read_request(object));
  const auto work = [lease, owned](const std::atomic<bool>& stop, const JobProgress& progress) mutable {
    // Given up when this function is left, before the promise settles, so that its continuation may start the
    // next run.
    const std::shared_ptr<Lease> held = std::move(lease);
    owned->request.stop = &stop;
    owned->request.progress = [&](std::size_t done, std::size_t steps) {
      progress(static_cast<double>(done), static_cast<double>(steps));
    };
    auto result = std::make_shared<RunResult>(held->session().run(owned->request));
    return JobResult([result](Napi::Env env) { return result_to_javascript(env, *result); });
  };
  return start_job(info.Env(), info[2], work, object);
}

// (session): zeroes its states
void reset_session(const Napi::CallbackInfo& info) {
  Lease(from_handle<SessionHandle>(info[0])).session().reset();
}

// (session, tensor, into?) -> a copy of a float32 state's values: `into`, or a new array
Napi::Value read_state(const Napi::CallbackInfo& info) {
  Lease lease(from_handle<SessionHandle>(info[0]));
  const std::int32_t tensor = info[1].ToNumber().Int32Value();
  const std::int64_t count = lease.session().state_bytes(tensor) / static_cast<std::int64_t>(sizeof(float));
  const Napi::Value into =
      info[2].IsUndefined() ? Napi::Float32Array::New(info.Env(), static_cast<std::size_t>(count)) : info[2];
  lease.session().read_state(tensor, const_cast<float*>(floats_of(into, "into", count)));
  return into;
}

// (session, symbols) -> { arenaBytes, kernels: one name a step }
Napi::Value plan_session(const Napi::CallbackInfo& info) {
  Lease lease(from_handle<SessionHandle>(info[0]));
  const Plan& plan = lease.session().plan(read_symbols(info[1].As<Napi::Array>()));
  Napi::Array kernels = Napi::Array::New(info.Env(), plan.kernels.size());
  for (std::uint32_t i = 0; i < plan.kernels.size(); i++) kernels.Set(i, plan.kernels[i]->name);
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("arenaBytes", static_cast<double>(plan.arena_bytes));
  object.Set("kernels", kernels);
  return object;
}

// (session): its memory is freed now, or when the run in progress ends
void release_session(const Napi::CallbackInfo& info) { handle_slot<SessionHandle>(info[0]).reset(); }

}  // namespace

void init_session(Napi::Env env, Napi::Object exports) {
  exports.Set("createSession", Napi::Function::New(env, create_session, "createSession"));
  exports.Set("runSession", Napi::Function::New(env, run_session, "runSession"));
  exports.Set("resetSession", Napi::Function::New(env, reset_session, "resetSession"));
  exports.Set("readState", Napi::Function::New(env, read_state, "readState"));
  exports.Set("planSession", Napi::Function::New(env, plan_session, "planSession"));
  exports.Set("releaseSession", Napi::Function::New(env, release_session, "releaseSession"));
}

}  // namespace qn::bindings
