#include "native/cpu/features.h"

#include <cstdint>
#include <cstring>

#include "native/core/error.h"
#include "native/cpu/cpuid.h"

namespace qn::cpu {
namespace {

#if defined(QN_X86)
// XCR0: which register files the operating system saves on a context switch. Without it an instruction that
// the CPU knows still faults.
std::uint64_t saved_state(const Registers& leaf1) {
  if (!(leaf1.ecx >> 27 & 1)) return 0;  // OSXSAVE
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  std::uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<std::uint64_t>(high) << 32 | low;
#endif
}

struct Features {
  bool f16c = false, fma = false, avx2 = false, avx_vnni = false;
  bool avx512f = false, avx512bw = false, avx512vl = false, avx512dq = false, avx512_vnni = false;
  bool avx512_bf16 = false;
  bool saves_ymm = false, saves_zmm = false;
};

Features detect() {
  Features f;
  const std::uint32_t leaves = cpuid(0).eax;
  const Registers leaf1 = cpuid(1);
  const std::uint64_t state = saved_state(leaf1);
  f.saves_ymm = (state & 0x06) == 0x06;
  f.saves_zmm = (state & 0xe6) == 0xe6;
  f.fma = leaf1.ecx >> 12 & 1;
  f.f16c = leaf1.ecx >> 29 & 1;
  if (leaves >= 7) {
    const Registers leaf7 = cpuid(7);
    f.avx2 = leaf7.ebx >> 5 & 1;
    f.avx512f = leaf7.ebx >> 16 & 1;
    f.avx512dq = leaf7.ebx >> 17 & 1;
    f.avx512bw = leaf7.ebx >> 30 & 1;
    f.avx512vl = leaf7.ebx >> 31 & 1;
    f.avx512_vnni = leaf7.ecx >> 11 & 1;
    if (leaf7.eax >= 1) {
      const Registers leaf7_1 = cpuid(7, 1);
      f.avx_vnni = leaf7_1.eax >> 4 & 1;
      f.avx512_bf16 = leaf7_1.eax >> 5 & 1;
    }
  }
  return f;
}

const Features& features() {
  static const Features f = detect();
  return f;
}

struct Need {
  bool present;
  const char* name;
};

std::string missing(std::initializer_list<Need> needs) {
  std::string list;
  for (const Need& need : needs) {
    if (!need.present) list += (list.empty() ? "" : ", ") + std::string(need.name);
  }
  return list.empty() ? "" : "the CPU or the system lacks " + list;
}
#endif

std::vector<IsaStatus> find_isas() {
  std::vector<IsaStatus> list = {{Isa::reference, "reference", true, "", false}};
#if defined(QN_X86)
  const Features& f = features();
#if defined(QN_SIMDE)
  constexpr bool kEmulated = true;
#else
  constexpr bool kEmulated = false;
#endif
  const auto add = [&](Isa isa, const char* name, std::string reason) {
    if (kEmulated) reason.clear();
    list.push_back({isa, name, reason.empty(), reason, kEmulated});
  };
  const Need ymm = {f.saves_ymm, "saving of ymm registers"};
  const Need avx2 = {f.avx2, "AVX2"};
  const Need fma = {f.fma, "FMA"};
  const Need f16c = {f.f16c, "F16C"};
  add(Isa::avx2, "avx2", missing({ymm, avx2, fma, f16c}));
  add(Isa::avxvnni, "avxvnni", missing({ymm, avx2, fma, f16c, {f.avx_vnni, "AVX-VNNI"}}));
  add(Isa::avx512, "avx512",
      missing({{f.saves_zmm, "saving of zmm registers"},
               avx2,
               fma,
               f16c,
               {f.avx512f, "AVX512F"},
               {f.avx512bw, "AVX512BW"},
               {f.avx512vl, "AVX512VL"},
               {f.avx512dq, "AVX512DQ"},
               {f.avx512_vnni, "AVX512-VNNI"}}));
  list.push_back({Isa::neon, "neon", false, "this is an x86-64 build", false});
#else
  for (const auto& [isa, name] :
       {std::pair{Isa::avx2, "avx2"}, std::pair{Isa::avxvnni, "avxvnni"}, std::pair{Isa::avx512, "avx512"}}) {
    list.push_back({isa, name, false, "this is not an x86-64 build", false});
  }
  list.push_back({Isa::neon, "neon", false, "this build holds no NEON kernels", false});
#endif
  return list;
}

}  // namespace

const std::vector<IsaStatus>& isas() {
  static const std::vector<IsaStatus> list = find_isas();
  return list;
}

bool has_avx512_bf16() {
#if defined(QN_X86)
  return features().avx512_bf16 && features().avx512f && features().saves_zmm;
#else
  return false;
#endif
}

std::string cpu_name() {
#if defined(QN_X86)
  if (cpuid(0x80000000).eax < 0x80000004) return "x86-64";
  char name[49] = {};
  for (std::uint32_t i = 0; i < 3; i++) {
    const Registers r = cpuid(0x80000002 + i);
    std::memcpy(name + 16 * i, &r, 16);
  }
  std::string text = name;
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
#else
  return "";
#endif
}

const char* name_of(Isa isa) {
  for (const IsaStatus& status : isas()) {
    if (status.isa == isa) return status.name;
  }
  return "?";
}

Isa isa_from_name(const std::string& name) {
  std::string known;
  for (const IsaStatus& status : isas()) {
    if (name == status.name) return status.isa;
    known += (known.empty() ? "" : ", ") + std::string(status.name);
  }
  throw Error("unknown ISA '" + name + "'; expected one of " + known);
}

void require(Isa isa) {
  for (const IsaStatus& status : isas()) {
    if (status.isa == isa && !status.usable) {
      throw Error("ISA " + std::string(status.name) + " is not usable: " + status.reason);
    }
  }
}

Isa best_isa() {
  Isa best = Isa::reference;
  for (const IsaStatus& status : isas()) {
    if (status.usable) best = status.isa;
  }
  return best;
}

}  // namespace qn::cpu
