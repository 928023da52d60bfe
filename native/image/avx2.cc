// Horizontal kernels load the 8 bytes from a source pixel on (it, its neighbour and two bytes more) and
// spread the channels over the lanes of a vector; the fourth lane holds nothing. The pixels whose 8 bytes
// would reach beyond their row are left to the scalar code.
#include "native/image/row_scalar.h"
#include "native/simd/intrinsics.h"

namespace qn::image {
namespace {

constexpr int64_t kLoad = 8;

QN_INLINE __m128i load8(const uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
QN_INLINE __m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
QN_INLINE void store8(void* p, __m128i v) { _mm_storel_epi64(static_cast<__m128i*>(p), v); }

// The 8 bytes from source pixel `a` on in the low half, from `b` on in the high half.
QN_INLINE __m256i load_two(const SourceRow& row, int32_t a, int32_t b) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load8(row.pixels + kChannels * a)),
                                 load8(row.pixels + kChannels * b), 1);
}

// How many of the n taps may be read with load_two; they are in ascending order.
template <class Tap>
QN_INLINE int64_t loadable(const SourceRow& row, const Tap* taps, int64_t n) {
  while (n > 0 && kChannels * taps[n - 1].left + kLoad > kChannels * row.width) n--;
  return n;
}

void lerp_pixels(const SourceRow& row, const FloatTap* taps, int64_t n, float* out) {
  const __m256i first = _mm256_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, -1,  //
                                         0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, -1);
  const __m256i second = _mm256_setr_epi8(3, -1, -1, -1, 4, -1, -1, -1, 5, -1, -1, -1, -1, -1, -1, -1,  //
                                          3, -1, -1, -1, 4, -1, -1, -1, 5, -1, -1, -1, -1, -1, -1, -1);
  const int64_t end = loadable(row, taps, n) & ~int64_t{1};
  for (int64_t x = 0; x < end; x += 2) {
    const __m256i pixels = load_two(row, taps[x].left, taps[x + 1].left);
    const __m256 left = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(pixels, first));
    const __m256 right = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(pixels, second));
    const __m256 weight = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_set1_ps(taps[x].weight)),
                                               _mm_set1_ps(taps[x + 1].weight), 1);
    const __m256 value = _mm256_add_ps(left, _mm256_mul_ps(_mm256_sub_ps(right, left), weight));
    _mm_storeu_ps(out + kChannels * x, _mm256_castps256_ps128(value));
    _mm_storeu_ps(out + kChannels * (x + 1), _mm256_extractf128_ps(value, 1));
  }
  lerp_pixels_scalar(row, taps, end, n, out);
}

void lerp_rows(const float* top, const float* bottom, float weight, int64_t n, float* out) {
  const __m256 w = _mm256_set1_ps(weight);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 a = _mm256_loadu_ps(top + i), b = _mm256_loadu_ps(bottom + i);
    _mm256_storeu_ps(out + i, _mm256_add_ps(a, _mm256_mul_ps(_mm256_sub_ps(b, a), w)));
  }
  lerp_rows_scalar(top, bottom, weight, i, n, out);
}

QN_INLINE int32_t both_weights(const FixedTap& tap) {
  return static_cast<uint16_t>(tap.left_weight) | tap.right_weight * 65536;
}

void fixed_pixels(const SourceRow& row, const FixedTap* taps, int64_t n, int16_t* out) {
  const __m256i pairs = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                         0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const int64_t end = loadable(row, taps, n) & ~int64_t{1};
  for (int64_t x = 0; x < end; x += 2) {
    const __m256i pixels = _mm256_shuffle_epi8(load_two(row, taps[x].left, taps[x + 1].left), pairs);
    const __m256i weights =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_set1_epi32(both_weights(taps[x]))),
                                _mm_set1_epi32(both_weights(taps[x + 1])), 1);
    const __m256i sums = _mm256_srai_epi32(_mm256_madd_epi16(pixels, weights), 4);
    const __m256i packed = _mm256_packs_epi32(sums, sums);
    store8(out + kChannels * x, _mm256_castsi256_si128(packed));
    store8(out + kChannels * (x + 1), _mm256_extracti128_si256(packed, 1));
  }
  fixed_pixels_scalar(row, taps, end, n, out);
}

void fixed_rows(const int16_t* top, const int16_t* bottom, const FixedTap& tap, int64_t n, uint8_t* out) {
  const __m256i a = _mm256_set1_epi16(tap.left_weight), b = _mm256_set1_epi16(tap.right_weight);
  const auto sixteen = [&](int64_t i) QN_LAMBDA_INLINE {
    const __m256i t = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(top + i));
    const __m256i u = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bottom + i));
    const __m256i sum = _mm256_add_epi16(_mm256_mulhi_epi16(t, a), _mm256_mulhi_epi16(u, b));
    return _mm256_srai_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(2)), 2);
  };
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256i packed = _mm256_packus_epi16(sixteen(i), sixteen(i + 16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_permute4x64_epi64(packed, 0xd8));
  }
  fixed_rows_scalar(top, bottom, tap, i, n, out);
}

void filter_pixels(const SourceRow& row, const FilterTap* taps, int64_t n, uint8_t* out) {
  // Two taps at a time: a pixel in each half of the vector.
  const __m256i spread = _mm256_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, -1,  //
                                          3, -1, -1, -1, 4, -1, -1, -1, 5, -1, -1, -1, -1, -1, -1, -1);
  const __m256i halves = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  // An odd count reads one pixel more than it needs; whichever it is, two pixels beyond the taps are enough.
  int64_t end = n;
  while (end > 0 && taps[end - 1].first + taps[end - 1].count + 2 > row.width) end--;
  for (int64_t x = 0; x < end; x++) {
    const FilterTap& tap = taps[x];
    const uint8_t* pixels = row.pixels + kChannels * tap.first;
    __m256i sum = _mm256_setzero_si256();
    for (int32_t t = 0; t < tap.count; t += 2) {
      const __m256i two = _mm256_shuffle_epi8(_mm256_broadcastq_epi64(load8(pixels + kChannels * t)), spread);
      const __m128i weights = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(tap.weights + t));
      const __m256i spread_weights = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(weights), halves);
      sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(two, spread_weights));
    }
    const __m128i total =
        _mm_add_epi32(_mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)),
                      _mm_set1_epi32(1 << (kFilterBits - 1)));
    const __m128i words = _mm_packs_epi32(_mm_srai_epi32(total, kFilterBits), _mm_setzero_si128());
    const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    __builtin_memcpy(out + kChannels * x, &bytes, sizeof(bytes));
  }
  filter_pixels_scalar(row, taps, end, n, out);
}

void filter_rows(const uint8_t* const* rows, const int32_t* weights, int64_t count, int64_t n, uint8_t* out) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m256i low = _mm256_set1_epi32(1 << (kFilterBits - 1)), high = low;
    for (int64_t t = 0; t < count; t++) {
      const __m128i bytes = load16(rows[t] + i);
      const __m256i weight = _mm256_set1_epi32(weights[t]);
      low = _mm256_add_epi32(low, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), weight));
      high =
          _mm256_add_epi32(high, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)), weight));
    }
    const __m256i words =
        _mm256_packs_epi32(_mm256_srai_epi32(low, kFilterBits), _mm256_srai_epi32(high, kFilterBits));
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)));
  }
  filter_rows_scalar(rows, weights, count, i, n, out);
}

QN_INLINE __m256 load_floats(const float* p) { return _mm256_loadu_ps(p); }
QN_INLINE __m256 load_floats(const uint8_t* p) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load8(p))); }

template <class Value>
void normalize(const Value* in, int64_t pixels, const Normalization& to, float* out) {
  // Channels and vectors meet again after 8 pixels.
  constexpr int64_t kPixels = 8;
  float means[kPixels * kChannels], deviations[kPixels * kChannels];
  for (int64_t i = 0; i < kPixels * kChannels; i++) {
    means[i] = to.mean[i % kChannels];
    deviations[i] = to.deviation[i % kChannels];
  }
  const __m256 divisor = _mm256_set1_ps(to.divisor);
  int64_t x = 0;
  for (; x + kPixels <= pixels; x += kPixels) {
    QN_UNROLL for (int64_t v = 0; v < kPixels * kChannels; v += 8) {
      const __m256 value = _mm256_div_ps(load_floats(in + kChannels * x + v), divisor);
      const __m256 centred = _mm256_sub_ps(value, _mm256_loadu_ps(means + v));
      _mm256_storeu_ps(out + kChannels * x + v, _mm256_div_ps(centred, _mm256_loadu_ps(deviations + v)));
    }
  }
  normalize_scalar(in, x, pixels, to, out);
}

void round_floats(const float* in, int64_t n, uint8_t* out) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i values = _mm256_cvtps_epi32(_mm256_loadu_ps(in + i));  // the CPU's mode: halves to even
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
    store8(out + i, _mm_packus_epi16(words, words));
  }
  round_floats_scalar(in, i, n, out);
}

}  // namespace

const RowKernels kAvx2Rows = {
    .lerp_pixels = lerp_pixels,
    .lerp_rows = lerp_rows,
    .fixed_pixels = fixed_pixels,
    .fixed_rows = fixed_rows,
    .filter_pixels = filter_pixels,
    .filter_rows = filter_rows,
    .normalize_bytes = normalize<uint8_t>,
    .normalize_floats = normalize<float>,
    .round_floats = round_floats,
};

}  // namespace qn::image
