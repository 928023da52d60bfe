// The loops that find out what a core can do at most, for each instruction set. Each does nothing but the one
// thing that it measures, on enough independent accumulators to hide every latency: a kernel cannot be
// faster.
//
// ISA files include this header, so it includes nothing of the standard library.
#pragma once

#include <stdint.h>

namespace qn::cpu {

// Loads `bytes`, a multiple of kCeilingReadBlock at a 64-byte boundary, once and in order. The result depends
// on every byte, so that no load can be left out.
using CeilingRead = uint64_t(const uint8_t* data, int64_t bytes);
inline constexpr int64_t kCeilingReadBlock = 1024;

// `rounds` rounds of float multiply-adds that start from kCeilingSeeds values: x = x * 0.75 + 0.25 tends to
// 1, far from subnormals and infinities.
using CeilingFma = float(const float* seeds, int64_t rounds);
inline constexpr int64_t kCeilingSeeds = 256;
inline constexpr float kCeilingFactor = 0.75f;
inline constexpr float kCeilingAddend = 0.25f;

// `rounds` rounds of dot products of u8 codes and s8 activations, summed exactly into int32, over
// kCeilingCodes bytes at a 64-byte boundary: few enough for the first-level cache.
using CeilingDot = int32_t(const uint8_t* codes, int64_t rounds);
inline constexpr int64_t kCeilingCodes = 4096;

// One instruction set's loops with the operations of a round; a multiply-add counts two.
struct CeilingLoops {
  CeilingRead* read;
  CeilingFma* fma;
  int64_t fma_operations;
  CeilingDot* dot;
  int64_t dot_operations;
};

CeilingRead ceiling_read_reference;
CeilingFma ceiling_fma_reference;
CeilingDot ceiling_dot_reference;
inline constexpr int kFmaValuesReference = 16;
inline constexpr int kDotSumsReference = 8;

#if defined(QN_X86)
// Accumulators, in registers. A multiply-add or vpdpbusd takes 4 or 5 cycles and two start in each, so 10
// hide the latency; the three instructions of AVX2's dot product depend on each other only through the last,
// an addition.
inline constexpr int kFmaAccumulatorsAvx2 = 12;
inline constexpr int kDotAccumulatorsAvx2 = 8;
inline constexpr int kDotAccumulatorsAvxvnni = 12;
inline constexpr int kFmaAccumulatorsAvx512 = 16;
inline constexpr int kDotAccumulatorsAvx512 = 16;

CeilingRead ceiling_read_avx2, ceiling_read_avx512;
CeilingFma ceiling_fma_avx2, ceiling_fma_avx512;
CeilingDot ceiling_dot_avx2, ceiling_dot_avxvnni, ceiling_dot_avx512;
#endif

}  // namespace qn::cpu
