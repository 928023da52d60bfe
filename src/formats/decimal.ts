// Decimal digits to the nearest double, without a string: what Number() gives, in a fraction of the time.

/** 10^0 to 10^22: the powers of ten that are doubles. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** More decimals than this are left to Number(). */
export const MOST_DECIMALS = POWERS.length - 1

/** Whole numbers below this are doubles, and so they are after so many digits. */
const EXACT = 1e15

/** 2^27 + 1: splits a double into two halves of 26 bits (Dekker, A floating-point technique, 1971). */
const SPLITTER = 134217729

/**
 * The double nearest to (high * 10^lowDigits + low) / 10^decimals.
 *
 * Up to 15 digits, dividend and divisor are doubles and the division rounds once (Clinger, How to read floating point
 * numbers accurately, 1990). With more, the dividend is a sum of two doubles, and so is the quotient: the larger part is
 * the rounded one, and the remainder, which is exact, gives the smaller. Their sum is the answer unless it lies so near
 * the middle between two doubles that the smaller part's own error matters.
 *
 * @param high below 10^9
 * @param low below 10^lowDigits; lowDigits at most 9
 * @param decimals 0 to MOST_DECIMALS
 * @returns NaN where this cannot tell
 */
export function decimalToDouble(high: number, low: number, lowDigits: number, decimals: number): number {
  const divisor = POWERS[decimals]!
  const shift = POWERS[lowDigits]!
  const dividend = high * shift
  if (dividend < EXACT) return (dividend + low) / divisor
  const quotient = dividend / divisor
  const product = quotient * divisor
  // dividend and product are so near each other that their difference is exact; so is the remainder of a quotient.
  const remainder = dividend - product - productError(quotient, divisor, product)
  const rest = (remainder + (productError(high, shift, dividend) + low)) / divisor
  // Two roundings of half a unit each are in `rest`: this is four times as much.
  const margin = Math.abs(rest) * 2 ** -50
  const result = quotient + (rest - margin)
  return result === quotient + (rest + margin) ? result : Number.NaN
}

/** a * b - product, exactly, where product is the rounded a * b. */
function productError(a: number, b: number, product: number): number {
  const aUpper = upperHalf(a)
  const aLower = a - aUpper
  const bUpper = upperHalf(b)
  const bLower = b - bUpper
  return aLower * bLower - (product - aUpper * bUpper - aLower * bUpper - aUpper * bLower)
}

function upperHalf(value: number): number {
  const scaled = value * SPLITTER
  return scaled - (scaled - value)
}
