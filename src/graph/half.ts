// IEEE 754 binary16.

/** The number that 16 bits stand for. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

const bits = new Uint32Array(1)
const float = new Float32Array(bits.buffer)

/** The bits of the nearest float16, ties to even; infinity beyond 65519.99. */
export function floatToHalf(value: number): number {
  float[0] = value
  const sign = (bits[0]! >>> 16) & 0x8000
  const exponent = (bits[0]! >>> 23) & 0xff
  const fraction = bits[0]! & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0)
  // Below 2^-14 the step is 2^-24, above it 2^-10 of the power of two.
  const shift = exponent < 113 ? 126 - exponent : 13
  if (shift > 24) return sign
  const whole = exponent < 113 ? fraction | 0x800000 : ((exponent - 112) << 23) | fraction
  const kept = whole >>> shift
  const rest = whole & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  const up = rest > half || (rest === half && kept & 1) ? 1 : 0
  return sign | Math.min(kept + up, 0x7c00)
}
