// Vector code is written in small functions that must disappear: a call would pass the vectors through
// memory.
#pragma once

#if defined(_MSC_VER) && !defined(__clang__)
#define QN_INLINE __forceinline
#define QN_LAMBDA_INLINE
#define QN_UNROLL
#define QN_UNROLL_32
#define QN_NOINLINE __declspec(noinline)
#else
// Not where SIMDe emulates AVX-512, whose vectors are in memory then anyway: kernels that are all inlined and
// unrolled take the compiler a quarter of an hour.
#if defined(QN_EMULATED)
#define QN_INLINE inline
#define QN_LAMBDA_INLINE
#else
#define QN_INLINE inline __attribute__((always_inline))
// After a lambda's parameters.
#define QN_LAMBDA_INLINE __attribute__((always_inline))
#endif
// Before a loop with a small constant trip count, over an array of vectors that should stay in registers.
#if defined(QN_EMULATED)
#define QN_UNROLL
#define QN_UNROLL_32
#else
#define QN_UNROLL _Pragma("GCC unroll 16")
#define QN_UNROLL_32 _Pragma("GCC unroll 32")
#endif
// For an inner loop that should have all registers to itself.
#define QN_NOINLINE __attribute__((noinline))
#endif

// Keeps a vector variable in its register, where GCC would rather load it again for each use.
#if defined(__GNUC__) && defined(QN_X86) && !defined(QN_SIMDE)
#define QN_IN_REGISTER(vector) __asm__("" : "+v"(vector))
#else
#define QN_IN_REGISTER(vector)
#endif

// Has a pointer that goes from row to row added up as written, where GCC would rather compute all the
// addresses before a loop and find no registers for them.
#if defined(__GNUC__) && defined(QN_X86) && !defined(QN_SIMDE)
#define QN_STEP_BY(pointer, step) \
  do {                            \
    (pointer) += (step);          \
    __asm__("" : "+r"(pointer));  \
  } while (false)
#else
#define QN_STEP_BY(pointer, step) (pointer) += (step)
#endif
