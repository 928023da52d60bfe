// An independent implementation of round-to-nearest, written from its definition in float64 with Math.fround where the
// definition computes in float32 (quotients of two float32 rounded once from float64 are correctly rounded).

/** The float16 nearest to a value, ties to even. */
export function roundToFloat16(value: number): number {
  const magnitude = Math.abs(value)
  const exponent = magnitude === 0 ? -14 : Math.max(Math.floor(Math.log2(magnitude)), -14)
  const step = 2 ** (exponent - 10)
  const rounded = roundHalfEven(magnitude / step) * step
  return Math.sign(value) * (rounded > 65504 ? Number.POSITIVE_INFINITY : rounded)
}

export function float16FromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 0x3ff
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25))
}

export function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return Math.round(x)
  return floor % 2 === 0 ? floor : floor + 1
}

export interface Grid {
  scale: number
  zero: number
}

/** Scale (a float16 value) and zero point of a group. */
export function gridOf(group: readonly number[], bits: number, symmetric: boolean): Grid {
  const maxCode = 2 ** bits - 1
  let lo = Math.min(0, ...group)
  let hi = Math.max(0, ...group)
  if (symmetric) {
    hi = Math.max(-lo, hi)
    lo = -hi
  }
  if (lo === 0 && hi === 0) {
    lo = -1
    hi = 1
  }
  const scale = Math.fround(Math.fround(hi - lo) / maxCode)
  const zero = symmetric ? 2 ** (bits - 1) : roundHalfEven(Math.fround(Math.abs(lo) / scale))
  return { scale: roundToFloat16(scale) || 2 ** -24, zero }
}

export function codesOf(group: readonly number[], { scale, zero }: Grid, bits: number): number[] {
  return group.map((w) => {
    const code = roundHalfEven(Math.fround(w / scale)) + zero
    return Math.min(Math.max(code, 0), 2 ** bits - 1)
  })
}

/** Numbers in [-1, 1) that are float32 values, the same for the same seed. */
export function randomValues(count: number, seed = 1): Float32Array {
  let state = seed >>> 0
  return Float32Array.from({ length: count }, () => {
    // Numerical Recipes' linear congruential generator; its high bits are good enough here.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

export function randomIntegers(count: number, below: number, seed = 1): number[] {
  return [...randomValues(count, seed)].map((x) => Math.floor(((x + 1) / 2) * below))
}

/** Index of the first element that differs (0 and -0 do not), -1 for equal arrays: quick where toEqual takes seconds. */
export function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Math.min(a.length, b.length)
  for (let i = 0; i < a.length; ++i) {
    if (a[i] !== b[i]) return i
  }
  return -1
}
