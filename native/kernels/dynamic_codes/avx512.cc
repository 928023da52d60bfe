#include "native/simd/code_lanes_avx512.h"

#include "native/kernels/dynamic_codes/min_max_lanes.h"
#include "native/kernels/dynamic_codes/quantize_image_lanes.h"
#include "native/kernels/dynamic_codes/quantize_pixels_lanes.h"

namespace qn {

void quantize_pixels_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_groups(call, begin, end);
}

void min_max_avx512(const Call& call, int64_t begin, int64_t end, void*) { slice_ranges(call, begin, end); }

void quantize_image_avx512(const Call& call, int64_t begin, int64_t end, void*) {
  quantize_rows(call, begin, end);
}

}  // namespace qn
