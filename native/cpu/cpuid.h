// The CPUID instruction of x86.
#pragma once

#if defined(QN_X86)

#include <cstdint>

#if defined(_MSC_VER)
#include <intrin.h>

#include <cstring>
#else
#include <cpuid.h>
#endif

namespace qn::cpu {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

inline Registers cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  Registers r;
#if defined(_MSC_VER)
  int out[4];
  __cpuidex(out, static_cast<int>(leaf), static_cast<int>(subleaf));
  std::memcpy(&r, out, sizeof(r));
#else
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
#endif
  return r;
}

}  // namespace qn::cpu

#endif
