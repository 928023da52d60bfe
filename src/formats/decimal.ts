// Decimal digits to the nearest double, without a string. What Number() gives, several times as fast.

/** 10^0 to 10^22: the powers of ten that are doubles. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** A decimal fraction of more decimals than this is left to Number(). */
export const MOST_DECIMALS = POWERS.length - 1

/** So many digits are a whole number below 2^53. */
export const HIGH_DIGITS = 15

/** So many more digits are below the bound that quotient()'s error analysis assumes. */
export const LOW_DIGITS = 5

/** 2^27 + 1: splits a double into two halves of 26 bits (Dekker, A floating-point technique, 1971). */
const SPLITTER = 134217729

/**
 * The double nearest to (high * 10^lowDigits + low) / 10^decimals.
 *
 * Up to 15 digits both operands are doubles and the division rounds once (Clinger, How to read floating point numbers
 * accurately, 1990). With more digits the dividend is a sum of two doubles, and so is the quotient: its larger part is
 * the rounded one, the remainder, which is exact, gives the smaller. The sum of both is the answer unless it lies so near
 * the middle between two doubles that the smaller part's error matters.
 *
 * @param high up to HIGH_DIGITS digits
 * @param low up to LOW_DIGITS digits that follow
 * @param decimals 0 to MOST_DECIMALS
 * @returns NaN where this cannot tell
 */
export function decimalToDouble(high: number, low: number, lowDigits: number, decimals: number): number {
  const divisor = POWERS[decimals]!
  if (lowDigits === 0) return high / divisor
  const shift = POWERS[lowDigits]!
  const dividend = high * shift
  const quotient = dividend / divisor
  const product = quotient * divisor
  // dividend and product are near each other, so their difference is exact; so is the remainder of a rounded quotient.
  const remainder = dividend - product - productError(quotient, divisor, product)
  const rest = (remainder + (productError(high, shift, dividend) + low)) / divisor
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
