// What this CPU, and the operating system that saves its registers, can do.
#pragma once

#include <string>
#include <vector>

#include "native/core/call.h"

namespace qn::cpu {

struct IsaStatus {
  Isa isa;
  const char* name;
  bool usable;
  std::string reason;  // what is missing; empty when usable
  bool emulated;       // compiled through SIMDe in this build
};

// In ascending order of preference; reference is always first and usable. Only ISAs that this build holds are
// usable.
const std::vector<IsaStatus>& isas();

// AVX512-BF16 is a bit of its own, beside avx512.
bool has_avx512_bf16();

std::string cpu_name();

const char* name_of(Isa isa);
// Throws Error for an unknown name.
Isa isa_from_name(const std::string& name);
// Throws Error that says what is missing.
void require(Isa isa);
// The best usable one.
Isa best_isa();

}  // namespace qn::cpu
