#include "native/elementwise/apply_fused.h"
#include "native/simd/code_lanes_avx2.h"

#include "native/elementwise/real_steps.h"

namespace qn {

void apply_fused_avx2(const Call& call, const FusedTile& tile) {
  if (call.out[0].dtype == DType::f32) {
    apply_float_steps(call, tile);
  } else if (has_real_steps(call)) {
    apply_real_steps(call, tile);
  } else {
    apply_code_steps(call, tile);
  }
}

}  // namespace qn
