#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace qn {

// Work over [begin, end) by worker number `worker` (0 is the calling thread).
using RangeTask = std::function<void(std::int64_t begin, std::int64_t end, int worker)>;

// A fixed team: the calling thread and threads - 1 others. Workers spin for a moment after each task, since
// the steps of a model follow one another within microseconds, and then sleep.
class ThreadPool {
 public:
  // Throws Error when `threads` is less than 1, or the system starts fewer.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Runs `task` over [0, items) in pieces of `grain`, and returns when all are done. Each worker begins with
  // a share of its own, the same one of the same items each time, so that it finds in its caches what it left
  // there in the step before, and then helps with the others'.
  // Throws what a task threw first, and Aborted when `stop` became true before the last piece.
  void run(std::int64_t items, std::int64_t grain, const RangeTask& task,
           const std::atomic<bool>* stop = nullptr);

 private:
  // Items that are left of a worker's. In cache lines of their own, and the next worker's not fetched along.
  struct alignas(128) Share {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
  };

  void dismiss();
  void share_out(std::int64_t items);
  void work(int worker);
  void take_pieces(int worker);
  void take_pieces_of(Share& share, int worker);
  bool wait_for_task(std::uint64_t& seen);

  const RangeTask* task_ = nullptr;
  const std::atomic<bool>* stop_ = nullptr;
  std::int64_t grain_ = 1;
  std::vector<Share> shares_;  // one a worker
  std::atomic<int> busy_{0};
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<bool> quit_{false};
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

}  // namespace qn
