#include "native/simd/lanes_avx512.h"

namespace qn {
namespace {

// 24 of the 32 registers are sums: 14 loads a token serve 24 multiply-adds.
constexpr int kTileRows = 12;
constexpr int kTileVectors = 2;

}  // namespace
}  // namespace qn

#include "native/kernels/gram/algorithm.h"

namespace qn {

void gram_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  gram(call, begin, end, scratch);
}

}  // namespace qn
