// IEEE binary16, written from its definition: for tests of the native conversions.

export function fromFloat16(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent ? sign * 2 ** (exponent - 25) * (1024 + fraction) : sign * 2 ** -24 * fraction
}

/** To the nearest, of two to the even one; 65520 and more to infinity. */
export function toFloat16(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0
  const magnitude = Math.abs(x)
  if (Number.isNaN(x)) return sign | 0x7e00
  if (magnitude >= 65520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)))
  const units = magnitude * 2 ** (10 - exponent) // of the last place
  const down = Math.floor(units)
  const rest = units - down
  const rounded = down + (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? 1 : 0)
  // A carry out of the fraction goes on into the exponent, as it should.
  return sign | (((exponent + 14) << 10) + rounded)
}
