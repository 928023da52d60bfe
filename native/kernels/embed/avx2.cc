// A row of a panel is strided: 4 bytes of codes in every 64, or one float in every 16. Codes are decoded four
// at a time.
#include "native/kernels/embed/embed.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

struct Affine {
  __m128 scale, offset;  // of one row and group, in all lanes
};

QN_INLINE __m128 broadcast_half(const uint8_t* p) {
  const uint16_t half = *reinterpret_cast<const uint16_t*>(p);
  return _mm_cvtph_ps(_mm_set1_epi16(static_cast<short>(half)));
}

QN_INLINE Affine load_affine(ParamFormat format, const uint8_t* params, int64_t lane) {
  const float* floats = reinterpret_cast<const float*>(params);
  if (format == ParamFormat::f32) return {_mm_set1_ps(floats[lane]), _mm_setzero_ps()};
  if (format == ParamFormat::f32_f32) {
    return {_mm_set1_ps(floats[lane]), _mm_set1_ps(floats[kPanelRows + lane])};
  }
  const __m128 scale = broadcast_half(params + lane * 2);
  const uint8_t* second = params + kPanelRows * 2;
  if (format == ParamFormat::f16_f16) return {scale, broadcast_half(second + lane * 2)};
  const __m128 product = _mm_mul_ps(scale, _mm_set1_ps(static_cast<float>(second[lane])));
  return {scale, _mm_xor_ps(product, _mm_set1_ps(-0.0f))};
}

// kBits-wide codes: 32 bits of one row hold the 4 columns of each of 8 / kBits chunks. With kTable they are
// places in the weight's table.
template <int kBits, bool kTable = false>
void decode_row(const Weight& w, const uint8_t* codes, const uint8_t* params, int64_t lane, float* out) {
  constexpr int kChunks = 8 / kBits;
  const __m128i mask = _mm_set1_epi8(static_cast<char>((1 << kBits) - 1));
  int64_t k = 0;
  for (int64_t group = 0; group < w.groups; ++group) {
    const Affine affine = load_affine(w.params, params + group * w.param_bytes, lane);
    const int64_t group_end = (group + 1) * w.group < w.cols ? (group + 1) * w.group : w.cols;
    while (k < group_end) {
      const int32_t* word = reinterpret_cast<const int32_t*>(codes + k / (4 * kChunks) * 64);
      __m128i bits = _mm_cvtsi32_si128(word[lane]);
      for (int chunk = 0; chunk < kChunks && k < group_end; ++chunk, k += 4) {
        const __m128i codes_of_row = _mm_cvtepu8_epi32(_mm_and_si128(bits, mask));
        __m128 value;
        if constexpr (kTable) {
          value = _mm_mul_ps(affine.scale, _mm_i32gather_ps(w.table, codes_of_row, 4));
        } else {
          value = _mm_fmadd_ps(affine.scale, _mm_cvtepi32_ps(codes_of_row), affine.offset);
        }
        bits = _mm_srli_epi32(bits, kBits & 7);
        if (group_end - k >= 4) {
          _mm_storeu_ps(out + k, value);
        } else {
          float last[4];
          _mm_storeu_ps(last, value);
          for (int64_t i = 0; i < group_end - k; ++i) out[k + i] = last[i];
        }
      }
    }
    k = group_end;
  }
}

void convert_row(const Weight& w, const uint8_t* panel, int64_t lane, float* out) {
  const float* floats = reinterpret_cast<const float*>(panel);
  const uint16_t* halves = reinterpret_cast<const uint16_t*>(panel);
  for (int64_t k = 0; k < w.cols; ++k) {
    const int64_t i = k * kPanelRows + lane;
    if (w.format == WeightFormat::f32) {
      out[k] = floats[i];
    } else if (w.format == WeightFormat::f16) {
      out[k] = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(halves[i])));
    } else {
      out[k] = _mm_cvtss_f32(_mm_castsi128_ps(_mm_slli_epi32(_mm_cvtsi32_si128(halves[i]), 16)));
    }
  }
}

}  // namespace

void embed_avx2(const Call& call, int64_t begin, int64_t end, void*) {
  const int32_t* ids = static_cast<const int32_t*>(call.in[0].data);
  const Weight& w = *call.in[1].weight;
  for (int64_t t = begin; t < end; ++t) {
    const int64_t panel = ids[t] / kPanelRows, lane = ids[t] % kPanelRows;
    const uint8_t* codes = w.codes + panel * w.panel_bytes;
    const uint8_t* params = w.group_params + panel * w.groups * w.param_bytes;
    float* out = static_cast<float*>(call.out[0].data) + t * w.cols;
    switch (w.format) {
      case WeightFormat::u8:
        decode_row<8>(w, codes, params, lane, out);
        break;
      case WeightFormat::u4:
        decode_row<4>(w, codes, params, lane, out);
        break;
      case WeightFormat::lut4:
        decode_row<4, true>(w, codes, params, lane, out);
        break;
      case WeightFormat::u2:
        decode_row<2>(w, codes, params, lane, out);
        break;
      default:
        convert_row(w, codes, lane, out);
        break;
    }
  }
}

}  // namespace qn
