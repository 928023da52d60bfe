// The ceilings of portable C++ as the compiler vectorizes it for any CPU of the architecture: what the
// reference kernels are to be measured against.
#include "native/cpu/ceiling_loops.h"

#include <cstring>

#include "native/simd/inline.h"

namespace qn::cpu {

uint64_t ceiling_read_reference(const uint8_t* data, int64_t bytes) {
  const auto word = [&](int64_t at) {
    uint64_t value;
    std::memcpy(&value, data + at, sizeof value);
    return value;
  };
  uint64_t a = 0, b = 0, c = 0, d = 0;
  for (int64_t at = 0; at < bytes; at += 32) {
    a ^= word(at);
    b ^= word(at + 8);
    c ^= word(at + 16);
    d ^= word(at + 24);
  }
  return a ^ b ^ c ^ d;
}

// A multiplication and an addition: fused, they would be a call of the C library where the architecture's
// base has no such instruction.
float ceiling_fma_reference(const float* seeds, int64_t rounds) {
  float value[kFmaValuesReference];
  for (int i = 0; i < kFmaValuesReference; i++) value[i] = seeds[i];
  for (int64_t round = 0; round < rounds; round++) {
    QN_UNROLL
    for (int i = 0; i < kFmaValuesReference; i++) value[i] = value[i] * kCeilingFactor + kCeilingAddend;
  }
  float result = 0;
  for (const float v : value) result += v;
  return result;
}

int32_t ceiling_dot_reference(const uint8_t* codes, int64_t rounds) {
  constexpr int kColumns = 4;  // of one sum, a round
  uint32_t sum[kDotSumsReference] = {};
  for (int64_t round = 0; round < rounds; round++) {
    const uint8_t* at = codes + (round * kDotSumsReference * kColumns & (kCeilingCodes - 1));
    for (int i = 0; i < kDotSumsReference; i++) {
      int32_t dot = 0;
      for (int k = 0; k < kColumns; k++) dot += at[i * kColumns + k] * static_cast<int8_t>(at[k]);
      sum[i] += static_cast<uint32_t>(dot);
    }
  }
  uint32_t result = 0;
  for (const uint32_t s : sum) result ^= s;
  return static_cast<int32_t>(result);
}

}  // namespace qn::cpu
