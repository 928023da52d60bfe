#include "native/simd/lanes_avx2.h"

namespace qn {
namespace {

// 12 of the 16 registers are sums, two to a vector of 16 lanes.
constexpr int kTileRows = 6;
constexpr int kTileVectors = 1;

}  // namespace
}  // namespace qn

#include "native/kernels/gram/algorithm.h"

namespace qn {

void gram_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  gram(call, begin, end, scratch);
}

}  // namespace qn
