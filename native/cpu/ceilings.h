// What this machine can do at most, measured: every percentage that qnative prints is of these, never of a
// data sheet.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "native/core/call.h"

namespace qn::cpu {

// Rates of `threads` threads at once, all told. Bytes and operations a second; a multiply-add counts two.
struct CeilingPoint {
  int threads;
  double dram_read;   // a buffer of CeilingReport::dram_bytes, in order
  double cache_read;  // kCacheBytes a thread, again and again
  double f32;         // float multiply-adds
  double int8;        // u8 by s8 dot products, exact
};

struct CeilingReport {
  Isa isa;                           // whose instructions measured
  std::int64_t last_level_cache;     // bytes, of all that the threads share out; 0 when unknown
  std::int64_t dram_bytes;           // over 4 times the last-level cache, at least 256 MiB
  std::vector<CeilingPoint> points;  // 1, 2, 4, ... threads, and the number asked for
};

inline constexpr std::int64_t kCacheBytes = 512 << 10;

// Takes some 30 ms a number, and the time to fill the buffer. Throws Error when the CPU lacks the ISA or the
// buffer does not fit into memory, and Aborted when stopped.
CeilingReport measure_ceilings(int threads, Isa isa, const std::atomic<bool>* stop,
                               const std::function<void(int done, int total)>& progress);

}  // namespace qn::cpu
