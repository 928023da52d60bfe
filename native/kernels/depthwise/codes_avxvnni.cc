#include <stdint.h>

#include "native/kernels/depthwise/codes_vnni.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

inline constexpr int kTile = 2;

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/codes_256.h"

namespace qn {
namespace {

using Wide = Narrow;  // never more channels

}  // namespace
}  // namespace qn

#include "native/kernels/depthwise/codes_algorithm.h"

namespace qn {

void depthwise_u8_avxvnni(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_u8(call, begin, end, scratch, apply_fused_avx2);
}

void depthwise_dynamic_avxvnni(const Call& call, int64_t begin, int64_t end, void* scratch) {
  compute_dynamic(call, begin, end, scratch, apply_fused_avx2);
}

}  // namespace qn
