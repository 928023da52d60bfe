#include "native/simd/lanes_avx512.h"

#include "native/kernels/attention/algorithm.h"

namespace qn {

void attention_f32_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  attend<float>(call, begin, end, scratch);
}

void attention_f16_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  attend<uint16_t>(call, begin, end, scratch);
}

}  // namespace qn
