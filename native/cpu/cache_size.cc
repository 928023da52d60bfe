#include "native/cpu/cache_size.h"

#include <algorithm>

#include "native/cpu/cpuid.h"

namespace qn::cpu {
namespace {

#if defined(QN_X86)
struct Cache {
  int level = 0;
  std::int64_t bytes = 0;
  int sharing = 1;  // logical processors
};

// One cache a subleaf, up to one of type 0: Intel's leaf 4 and AMD's 0x8000001D have the same layout (Intel
// SDM vol. 2A, CPUID; AMD64 APM vol. 3, E.4.15).
Cache last_cache(std::uint32_t leaf) {
  Cache last;
  for (std::uint32_t i = 0; i < 16; i++) {
    const Registers r = cpuid(leaf, i);
    if ((r.eax & 31) == 0) break;
    const int level = static_cast<int>(r.eax >> 5 & 7);
    if (level < last.level) continue;
    const std::int64_t ways = (r.ebx >> 22) + 1, partitions = (r.ebx >> 12 & 1023) + 1,
                       line = (r.ebx & 4095) + 1;
    last = {level, ways * partitions * line * (static_cast<std::int64_t>(r.ecx) + 1),
            static_cast<int>(r.eax >> 14 & 4095) + 1};
  }
  return last;
}
#endif

}  // namespace

std::int64_t last_level_cache(int threads) {
#if defined(QN_X86)
  Cache cache;
  if (cpuid(0x80000000, 0).eax >= 0x8000001d) cache = last_cache(0x8000001d);
  if (cache.bytes == 0 && cpuid(0, 0).eax >= 4) cache = last_cache(4);
  return cache.bytes * ((std::max(threads, 1) + cache.sharing - 1) / cache.sharing);
#else
  (void)threads;
  return 0;
#endif
}

}  // namespace qn::cpu
