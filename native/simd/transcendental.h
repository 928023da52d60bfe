// The functions of native/core/float_math.h, which explains them, on 16 lanes: the same operations and so the
// same bits. Include one of lanes_*.h first.
#pragma once

#include "native/simd/exponential.h"

namespace qn {
namespace {

QN_INLINE Lanes logistic(Lanes x) {
  const Lanes one = broadcast(1.0f);
  return div(one, add(one, exponential(sub(zero_lanes(), x))));
}

QN_INLINE Lanes hyperbolic_tangent(Lanes x) {
  const Lanes t = min(broadcast(10.0f), absolute(x));
  const Lanes twice = add(t, t);
  const Lanes round = broadcast(12582912.0f);
  const Lanes shifted = fma(twice, broadcast(1.44269504f), round);
  const Lanes n = sub(shifted, round);
  const Lanes r = fnma(n, broadcast(-2.12194440e-4f), fnma(n, broadcast(0.693359375f), twice));
  Lanes p = broadcast(1.38145400e-3f);
  p = fma(p, r, broadcast(8.36874511e-3f));
  p = fma(p, r, broadcast(4.16683908e-2f));
  p = fma(p, r, broadcast(0.166665204f));
  p = fma(p, r, broadcast(0.499999934f));
  const Lanes one = broadcast(1.0f);
  const Lanes power = add_to_exponent(one, shifted);
  const Lanes m = fma(power, fma(mul(p, r), r, r), sub(power, one));
  return with_sign(div(m, add(m, broadcast(2.0f))), x);
}

QN_INLINE Lanes logarithm(Lanes x) {
  const Lanes infinity = broadcast(__builtin_bit_cast(float, 0x7f800000));
  const Mask subnormal = less(x, broadcast(0x1p-126f));
  Lanes m;
  Lanes e = split_exponent(select(subnormal, mul(x, broadcast(0x1p23f)), x), m);
  e = sub(e, select(subnormal, broadcast(23.0f), zero_lanes()));
  const Lanes f = sub(m, broadcast(1.0f));
  const Lanes s = div(f, add(f, broadcast(2.0f)));
  const Lanes z = mul(s, s);
  Lanes series = broadcast(0.222222222f);
  series = fma(series, z, broadcast(0.285714286f));
  series = fma(series, z, broadcast(0.4f));
  series = fma(series, z, broadcast(0.666666667f));
  const Lanes ln_m = fnma(s, sub(f, mul(series, z)), f);
  Lanes y = fma(e, broadcast(0.693359375f), fma(e, broadcast(-2.12194440e-4f), ln_m));
  // Infinity and NaN stay as they are; 0 and numbers below it have their own.
  y = select(not_less_equal(x, broadcast(0x1.fffffep127f)), x, y);
  y = select(less(x, zero_lanes()), broadcast(__builtin_bit_cast(float, 0x7fc00000)), y);
  return select(equal(x, zero_lanes()), negative(infinity), y);
}

}  // namespace
}  // namespace qn
