#include "native/core/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "native/core/error.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <emmintrin.h>
#endif

namespace qn {
namespace {

// About the longest gap between two steps of a model. Spinning longer would steal the processor from others.
constexpr auto kSpin = std::chrono::microseconds(60);

constexpr int kSpinsBeforeYield = 2000;

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

std::size_t checked(int threads) {
  if (threads < 1) throw Error("expected 1 or more threads, got " + std::to_string(threads));
  return static_cast<std::size_t>(threads);
}

}  // namespace

ThreadPool::ThreadPool(int threads) : shares_(checked(threads)) {
  try {
    for (int worker = 1; worker < threads; worker++) {
      workers_.emplace_back([this, worker] { work(worker); });
    }
  } catch (const std::system_error& error) {
    const std::string started = std::to_string(workers_.size() + 1);
    dismiss();  // the destructor of an object that was never made does not run
    throw Error("cannot start " + std::to_string(threads) + " threads, only " + started + ": " +
                error.what());
  }
}

ThreadPool::~ThreadPool() { dismiss(); }

void ThreadPool::dismiss() {
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
    generation_++;
  }
  wake_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run(std::int64_t items, std::int64_t grain, const RangeTask& task,
                     const std::atomic<bool>* stop) {
  if (stop && *stop) throw Aborted();
  if (items <= 0) return;
  task_ = &task;
  stop_ = stop;
  grain_ = std::max<std::int64_t>(grain, 1);
  // A task of one piece is not worth waking anybody for.
  const bool alone = workers_.empty() || items <= grain_;
  share_out(items);
  failed_ = false;
  if (!alone) {
    busy_ = static_cast<int>(workers_.size());
    generation_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      std::lock_guard lock(mutex_);
      wake_.notify_all();
    }
  }
  take_pieces(0);
  if (!alone) {
    // A worker that lost its processor to another program gets ours: spinning on would only keep it waiting.
    for (int i = 0; busy_.load(std::memory_order_acquire) > 0; i++) {
      if (i < kSpinsBeforeYield) {
        relax();
      } else {
        std::this_thread::yield();
      }
    }
  }
  if (failed_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (stop && *stop) throw Aborted();
}

// Whole pieces for each worker, one more for the first ones where they do not divide evenly.
void ThreadPool::share_out(std::int64_t items) {
  const std::int64_t pieces = (items + grain_ - 1) / grain_;
  const std::int64_t workers = static_cast<std::int64_t>(shares_.size());
  std::int64_t begin = 0;
  for (std::int64_t worker = 0; worker < workers; worker++) {
    Share& share = shares_[static_cast<std::size_t>(worker)];
    const std::int64_t own = pieces / workers + (worker < pieces % workers ? 1 : 0);
    share.next = begin;
    begin = std::min(begin + own * grain_, items);
    share.end = begin;
  }
}

void ThreadPool::take_pieces(int worker) {
  try {
    const std::size_t own = static_cast<std::size_t>(worker);
    for (std::size_t i = 0; i < shares_.size(); i++) {
      take_pieces_of(shares_[(own + i) % shares_.size()], worker);
    }
  } catch (...) {
    std::lock_guard lock(mutex_);
    if (!failed_) failure_ = std::current_exception();
    failed_ = true;
  }
}

void ThreadPool::take_pieces_of(Share& share, int worker) {
  for (;;) {
    if (failed_.load(std::memory_order_relaxed) || (stop_ && stop_->load(std::memory_order_relaxed))) return;
    // Another worker's share that is done is left to its cache.
    if (share.next.load(std::memory_order_relaxed) >= share.end) return;
    const std::int64_t begin = share.next.fetch_add(grain_, std::memory_order_relaxed);
    if (begin >= share.end) return;
    (*task_)(begin, std::min(begin + grain_, share.end), worker);
  }
}

bool ThreadPool::wait_for_task(std::uint64_t& seen) {
  const auto until = std::chrono::steady_clock::now() + kSpin;
  for (int i = 0; generation_.load(std::memory_order_acquire) == seen; i++) {
    if (i % 64 == 63 && std::chrono::steady_clock::now() > until) {
      std::unique_lock lock(mutex_);
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      wake_.wait(lock, [&] { return generation_.load(std::memory_order_seq_cst) != seen; });
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
      break;
    }
    relax();
  }
  seen = generation_.load(std::memory_order_acquire);
  return !quit_;
}

void ThreadPool::work(int worker) {
  std::uint64_t seen = 0;
  while (wait_for_task(seen)) {
    take_pieces(worker);
    busy_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace qn
