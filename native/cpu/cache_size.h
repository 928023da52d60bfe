#pragma once

#include <cstdint>

namespace qn::cpu {

// Bytes of last-level cache that so many threads have between them (a CPU may have several such caches, each
// for some of its cores); 0 when the CPU does not say.
std::int64_t last_level_cache(int threads);

}  // namespace qn::cpu
