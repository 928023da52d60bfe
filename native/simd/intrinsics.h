// The one place that brings in x86 intrinsics. With QN_SIMDE every ISA file is compiled through SIMDe
// instead, for the test-only build that runs AVX-VNNI and AVX-512 kernels on CPUs that have neither (see
// CMakeLists.txt).
#pragma once

#if defined(QN_SIMDE)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

#include "native/simd/simde_avx512.h"
#else
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push  // GCC 12 warns of its own _mm512_undefined_ps (GCC bug 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
