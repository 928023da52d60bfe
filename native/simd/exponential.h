// e^x of 16 lanes: the same operations as `exponential` in native/core/float_math.h, which explains them, and
// so the same bits. Include one of lanes_*.h first.
#pragma once

namespace qn {
namespace {

QN_INLINE Lanes exponential(Lanes x) {
  const Lanes round = broadcast(12582912.0f);
  const Lanes shifted = fma(x, broadcast(1.44269504f), round);
  const Lanes n = sub(shifted, round);
  const Lanes r = fnma(n, broadcast(-2.12194440e-4f), fnma(n, broadcast(0.693359375f), x));
  Lanes p = broadcast(1.38145400e-3f);
  p = fma(p, r, broadcast(8.36874511e-3f));
  p = fma(p, r, broadcast(4.16683908e-2f));
  p = fma(p, r, broadcast(0.166665204f));
  p = fma(p, r, broadcast(0.499999934f));
  p = fma(p, r, broadcast(1.0f));
  p = fma(p, r, broadcast(1.0f));
  p = add_to_exponent(p, shifted);
  p = select(less(x, broadcast(-87.3f)), zero_lanes(), p);
  // Too large, or NaN: x + infinity is infinity or that NaN.
  return select(not_less_equal(x, broadcast(88.72283f)),
                add(x, broadcast(__builtin_bit_cast(float, 0x7f800000))), p);
}

}  // namespace
}  // namespace qn
