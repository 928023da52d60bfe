#include "native/kernels/add_outliers/add_outliers.h"
#include "native/simd/lanes_avx2.h"

namespace qn {
namespace {

int64_t list_outliers(const float* x, int64_t cols, float outlier, int32_t* columns) {
  int64_t count = 0;
  for (int64_t k = 0; k < cols; ++k) {
    columns[count] = static_cast<int32_t>(k);
    count += is_outlier(x[k], outlier) ? 1 : 0;
  }
  return count;
}

// Column k of a panel of 8-bit codes: a chunk of 4 columns is 16 words, one a row.
QN_INLINE Lanes column_codes(const uint8_t* panel, int64_t k) {
  const __m256i* chunk = reinterpret_cast<const __m256i*>(panel + k / 4 * 64);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(k % 4 * 8));
  const __m256i mask = _mm256_set1_epi32(0xff);
  const __m256i lo = _mm256_and_si256(_mm256_srl_epi32(_mm256_load_si256(chunk), shift), mask);
  const __m256i hi = _mm256_and_si256(_mm256_srl_epi32(_mm256_load_si256(chunk + 1), shift), mask);
  return {_mm256_cvtepi32_ps(lo), _mm256_cvtepi32_ps(hi)};
}

}  // namespace

void add_outliers_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  const Weight& w = *call.in[2].weight;
  const float outlier = static_cast<float>(call.attribute[0]);
  int32_t* columns = static_cast<int32_t*>(scratch);
  for (int64_t t = begin; t < end; ++t) {
    const float* y = static_cast<const float*>(call.in[0].data) + t * w.rows;
    const float* x = static_cast<const float*>(call.in[1].data) + t * w.cols;
    float* out = static_cast<float*>(call.out[0].data) + t * w.rows;
    const int64_t count = list_outliers(x, w.cols, outlier, columns);
    if (count == 0 && out == y) continue;
    for (int64_t panel = 0; panel < w.panels; ++panel) {
      const int64_t row = panel * kPanelRows;
      const int64_t rows = w.rows - row < kPanelRows ? w.rows - row : kPanelRows;
      const uint8_t* codes = w.codes + panel * w.panel_bytes;
      const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
      Lanes sum = load_first(y + row, rows);
      for (int64_t i = 0; i < count; ++i) {
        const int64_t k = columns[i];
        const float* scale = reinterpret_cast<const float*>(params + k / w.group * w.param_bytes);
        const Lanes value = fma(load(scale), column_codes(codes, k), load(scale + kPanelRows));
        sum = fma(broadcast(x[k]), value, sum);
      }
      store_first(out + row, rows, sum);
    }
  }
}

}  // namespace qn
