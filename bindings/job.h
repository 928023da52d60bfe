// Long native work on a thread of its own. Not a Napi::AsyncWorker: that borrows one of libuv's four threads,
// and Node waits for it to the end when a worker_thread is terminated or the process exits. A job stops at
// its next check.
#pragma once

#include <napi.h>

#include <atomic>
#include <functional>

namespace qn::bindings {

// Made on the job's thread, called on the JavaScript thread to build what the promise resolves to.
using JobResult = std::function<Napi::Value(Napi::Env env)>;

// Tells how far the job is; cheap to call often: what JavaScript has no time for is dropped.
using JobProgress = std::function<void(double done, double total)>;

// Throws Aborted when `stop` became true, and whatever else went wrong.
using JobWork = std::function<JobResult(const std::atomic<bool>& stop, const JobProgress& progress)>;

// Starts the work; returns { promise, cancel() } to JavaScript. `on_progress` is a function (done, total) or
// undefined. The promise rejects with an Error whose code is ABORT_ERR after cancel(), QNATIVE_ERROR
// otherwise. `keep`, an object or undefined, stays alive until the work is over: arrays that the work reads
// in place.
Napi::Value start_job(Napi::Env env, const Napi::Value& on_progress, JobWork work,
                      const Napi::Value& keep = {});

}  // namespace qn::bindings
