#include "native/cpu/ceilings.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

#include "native/core/aligned_buffer.h"
#include "native/core/error.h"
#include "native/core/platform.h"
#include "native/core/thread_pool.h"
#include "native/cpu/cache_size.h"
#include "native/cpu/ceiling_loops.h"
#include "native/cpu/features.h"

namespace qn::cpu {
namespace {

using Clock = std::chrono::steady_clock;

// The best of a few short windows, as STREAM takes it (McCalpin 1995): whatever else the machine does can
// only slow a window down, and a ceiling is what is left when nothing does.
constexpr int kWindows = 10;
constexpr auto kWindow = std::chrono::milliseconds(3);
constexpr std::int64_t kMinDramBytes = std::int64_t{256} << 20;
// One look at the clock for so much work, a few microseconds.
constexpr std::int64_t kReadChunk = std::int64_t{256} << 10;
constexpr std::int64_t kRoundsAChunk = 2048;

CeilingLoops loops_of(Isa isa) {
  const CeilingLoops reference = {ceiling_read_reference, ceiling_fma_reference, 2 * kFmaValuesReference,
                                  ceiling_dot_reference, 2 * 4 * kDotSumsReference};
#if defined(QN_X86)
  const CeilingLoops avx2 = {ceiling_read_avx2, ceiling_fma_avx2, 2 * 8 * kFmaAccumulatorsAvx2,
                             ceiling_dot_avx2, 2 * 32 * kDotAccumulatorsAvx2};
  switch (isa) {
    case Isa::avx2:
      return avx2;
    case Isa::avxvnni: {
      CeilingLoops loops = avx2;
      loops.dot = ceiling_dot_avxvnni;
      loops.dot_operations = 2 * 32 * kDotAccumulatorsAvxvnni;
      return loops;
    }
    case Isa::avx512:
      return {ceiling_read_avx512, ceiling_fma_avx512, 2 * 16 * kFmaAccumulatorsAvx512, ceiling_dot_avx512,
              2 * 64 * kDotAccumulatorsAvx512};
    default:
      break;
  }
#else
  (void)isa;
#endif
  return reference;
}

// What a thread must not let the compiler leave out.
struct alignas(64) Sink {
  volatile std::uint64_t value = 0;
};

class Meter {
 public:
  Meter(int threads, Isa isa, const std::atomic<bool>* stop)
      : loops_(loops_of(isa)), pool_(threads), stop_(stop), sinks_(static_cast<std::size_t>(threads)) {
    std::iota(std::begin(seeds_), std::end(seeds_), 1.0f);
    for (int i = 0; i < threads; i++) {
      codes_.emplace_back(static_cast<std::size_t>(kCeilingCodes));
      std::memset(codes_.back().data(), 3, codes_.back().size());
      caches_.emplace_back(static_cast<std::size_t>(kCacheBytes));
      std::memset(caches_.back().data(), i, caches_.back().size());
    }
  }

  // Bytes a second. Each thread walks round its share of the buffer and goes on in the next window where it
  // stopped, so that every byte has left the caches when its turn comes again.
  double dram(const AlignedBuffer& buffer) {
    const std::int64_t share =
        static_cast<std::int64_t>(buffer.size()) / pool_.threads() / kReadChunk * kReadChunk;
    std::vector<std::int64_t> at(static_cast<std::size_t>(pool_.threads()), 0);
    return rate([&](int thread) {
      std::int64_t& offset = at[static_cast<std::size_t>(thread)];
      keep(thread, loops_.read(buffer.data() + thread * share + offset, kReadChunk));
      offset = (offset + kReadChunk) % share;
      return kReadChunk;
    });
  }

  double cache() {
    return rate([&](int thread) {
      keep(thread, loops_.read(caches_[static_cast<std::size_t>(thread)].data(), kCacheBytes));
      return kCacheBytes;
    });
  }

  double f32() {
    return rate([&](int thread) {
      keep(thread, static_cast<std::uint64_t>(loops_.fma(seeds_, kRoundsAChunk)));
      return kRoundsAChunk * loops_.fma_operations;
    });
  }

  double int8() {
    return rate([&](int thread) {
      keep(thread, static_cast<std::uint64_t>(
                       loops_.dot(codes_[static_cast<std::size_t>(thread)].data(), kRoundsAChunk)));
      return kRoundsAChunk * loops_.dot_operations;
    });
  }

 private:
  void keep(int thread, std::uint64_t value) { sinks_[static_cast<std::size_t>(thread)].value = value; }

  // Units of work a second of all threads together, in the best window. `chunk` does a little work on the
  // given thread and returns how much it was.
  template <class Chunk>
  double rate(const Chunk& chunk) {
    double best = 0;
    for (int window = 0; window < kWindows; window++) best = std::max(best, one_window(chunk));
    return best;
  }

  template <class Chunk>
  double one_window(const Chunk& chunk) {
    const int threads = pool_.threads();
    std::vector<double> rates(static_cast<std::size_t>(threads));
    std::atomic<int> waiting{threads};
    pool_.run(
        threads, 1,
        [&](std::int64_t item, std::int64_t, int) {
          // Nobody starts before everybody is here, and so each item has a thread of its own. When the job is
          // stopped meanwhile, the others do not come.
          waiting.fetch_sub(1);
          while (waiting.load() > 0 && !(stop_ && stop_->load())) std::this_thread::yield();
          const int thread = static_cast<int>(item);
          const auto begin = Clock::now();
          auto now = begin;
          double done = 0;
          while (now - begin < kWindow) {
            done += static_cast<double>(chunk(thread));
            now = Clock::now();
          }
          rates[static_cast<std::size_t>(item)] = done / std::chrono::duration<double>(now - begin).count();
        },
        stop_);
    return std::accumulate(rates.begin(), rates.end(), 0.0);
  }

  CeilingLoops loops_;
  ThreadPool pool_;
  const std::atomic<bool>* stop_;
  std::vector<Sink> sinks_;
  std::vector<AlignedBuffer> codes_;
  std::vector<AlignedBuffer> caches_;
  float seeds_[kCeilingSeeds];
};

// 1, 2, 4, ... and the last one.
std::vector<int> thread_counts(int threads) {
  std::vector<int> counts;
  for (int count = 1; count < threads; count *= 2) counts.push_back(count);
  counts.push_back(threads);
  return counts;
}

AlignedBuffer filled_buffer(std::int64_t bytes, int threads) {
  const std::uint64_t available = platform::available_memory();
  if (available > 0 && static_cast<std::uint64_t>(bytes) > available) {
    throw Error("measuring the memory bandwidth takes a buffer of " + std::to_string(bytes >> 20) + " MiB; " +
                std::to_string(available >> 20) + " MiB are available");
  }
  AlignedBuffer buffer(static_cast<std::size_t>(bytes));
  // Written, because pages that never were are all the same page of zeros; by all threads, because it takes a
  // while.
  constexpr std::int64_t kPiece = std::int64_t{1} << 20;
  ThreadPool pool(threads);
  pool.run(bytes / kPiece, 1, [&](std::int64_t begin, std::int64_t end, int) {
    std::memset(buffer.data() + begin * kPiece, 1, static_cast<std::size_t>((end - begin) * kPiece));
  });
  return buffer;
}

}  // namespace

CeilingReport measure_ceilings(int threads, Isa isa, const std::atomic<bool>* stop,
                               const std::function<void(int done, int total)>& progress) {
  require(isa);
  if (threads < 1) throw Error("expected 1 or more threads, got " + std::to_string(threads));
  CeilingReport report{isa, last_level_cache(threads), 0, {}};
  // A multiple of 64 MiB, so that every thread's share is one of whole chunks.
  report.dram_bytes = std::max(kMinDramBytes, ((report.last_level_cache * 4 >> 26) + 1) << 26);
  const AlignedBuffer buffer = filled_buffer(report.dram_bytes, threads);
  const std::vector<int> counts = thread_counts(threads);
  for (std::size_t i = 0; i < counts.size(); i++) {
    Meter meter(counts[i], isa, stop);
    report.points.push_back({counts[i], meter.dram(buffer), meter.cache(), meter.f32(), meter.int8()});
    progress(static_cast<int>(i) + 1, static_cast<int>(counts.size()));
  }
  return report;
}

}  // namespace qn::cpu
