// u8 codes as bytes, 64 in an AVX-512 register. byte_lanes_avx2.h has the same names for 32.
#pragma once

#include <stdint.h>

#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

struct Bytes {
  __m512i v;
};

inline constexpr int64_t kByteLanes = 64;

QN_INLINE Bytes broadcast_byte(uint8_t x) { return {_mm512_set1_epi8(static_cast<char>(x))}; }
// Reads all lanes: activations have readable slack behind them.
QN_INLINE Bytes load_bytes(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
// The first n, in 1..64.
QN_INLINE void store_bytes(uint8_t* p, int64_t n, Bytes a) {
  _mm512_mask_storeu_epi8(p, ~uint64_t{0} >> (64 - n), a.v);
}
QN_INLINE Bytes max(Bytes a, Bytes b) { return {_mm512_max_epu8(a.v, b.v)}; }
QN_INLINE Bytes min(Bytes a, Bytes b) { return {_mm512_min_epu8(a.v, b.v)}; }

}  // namespace
}  // namespace qn
