#include "bindings/job.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "native/core/error.h"

namespace qn::bindings {
namespace {

constexpr auto kProgressInterval = std::chrono::milliseconds(50);

struct Job {
  explicit Job(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise::Deferred deferred;
  Napi::ThreadSafeFunction to_javascript;
  Napi::FunctionReference on_progress;
  Napi::ObjectReference keep;
  std::atomic<bool> stop{false};
  std::thread thread;
  JobResult result;
  std::string error;
  bool aborted = false;
};

void reject(Napi::Env env, const Job& job) {
  const Napi::Error error = Napi::Error::New(env, job.error);
  error.Value().Set("code", job.aborted ? "ABORT_ERR" : "QNATIVE_ERROR");
  job.deferred.Reject(error.Value());
}

void settle(Napi::Env env, Job& job) {
  if (!job.result) return reject(env, job);
  try {
    job.deferred.Resolve(job.result(env));
  } catch (const std::exception& e) {
    job.error = e.what();
    reject(env, job);
  }
}

JobProgress progress_of(const std::shared_ptr<Job>& job) {
  if (job->on_progress.IsEmpty()) return [](double, double) {};
  auto last = std::make_shared<std::chrono::steady_clock::time_point>();
  return [job, last](double done, double total) {
    const auto now = std::chrono::steady_clock::now();
    if (done < total && now - *last < kProgressInterval) return;
    *last = now;
    job->to_javascript.NonBlockingCall([job, done, total](Napi::Env env, Napi::Function) {
      if (!job->stop) job->on_progress.Call({Napi::Number::New(env, done), Napi::Number::New(env, total)});
    });
  };
}

void run(const std::shared_ptr<Job>& job, const JobWork& work) {
  try {
    job->result = work(job->stop, progress_of(job));
  } catch (const Aborted& e) {
    job->aborted = true;
    job->error = e.what();
  } catch (const std::bad_alloc&) {
    job->error = "out of memory";
  } catch (const std::exception& e) {
    job->error = e.what();
  }
  job->to_javascript.BlockingCall([job](Napi::Env env, Napi::Function) { settle(env, *job); });
  job->to_javascript.Release();
}

}  // namespace

Napi::Value start_job(Napi::Env env, const Napi::Value& on_progress, JobWork work, const Napi::Value& keep) {
  auto job = std::make_shared<Job>(env);
  if (keep.IsObject()) job->keep = Napi::Persistent(keep.As<Napi::Object>());
  if (on_progress.IsFunction()) job->on_progress = Napi::Persistent(on_progress.As<Napi::Function>());
  // The finalizer runs once, on the JavaScript thread: after Release(), or when the environment goes away,
  // which is what makes worker.terminate() and process.exit() stop the work.
  job->to_javascript = Napi::ThreadSafeFunction::New(
      env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), "qnative:job", 0, 1, [job](Napi::Env) {
        job->stop = true;
        if (job->thread.joinable()) job->thread.join();
        job->on_progress.Reset();
        job->keep.Reset();
      });
  job->thread = std::thread([job, work = std::move(work)] { run(job, work); });

  Napi::Object handle = Napi::Object::New(env);
  handle.Set("promise", job->deferred.Promise());
  handle.Set("cancel", Napi::Function::New(env, [weak = std::weak_ptr(job)](const Napi::CallbackInfo&) {
               if (const auto running = weak.lock()) running->stop = true;
             }));
  return handle;
}

}  // namespace qn::bindings
