import { roundHalfAway } from './symmetric-weights.js'

/** The real numbers that codes are to cover. */
export interface Range {
  readonly low: number
  readonly high: number
}

export interface ActivationScale {
  /** A float32 number. */
  readonly scale: number
  readonly zeroPoint: number
}

const LOWEST = -128
const HIGHEST = 127

/**
 * Scale and zero point of i8 codes for a range, which is widened to contain 0, so that 0 has a code. The zero point comes
 * from the end of the range whose rounding error is smaller (gemmlowp, doc/quantization_example.cc,
 * ChooseQuantizationParams; LiteRT's converter does the same).
 */
export function activationScale(range: Range): ActivationScale {
  const low = Math.min(range.low, 0)
  const high = Math.max(range.high, 0)
  // All zeros: any scale is exact.
  if (low === high) return { scale: 1, zeroPoint: 0 }
  const scale = Math.max((high - low) / (HIGHEST - LOWEST), 2 ** -126)
  const fromLow = LOWEST - low / scale
  const fromHigh = HIGHEST - high / scale
  const errorOfLow = Math.abs(LOWEST) + Math.abs(low / scale)
  const errorOfHigh = Math.abs(HIGHEST) + Math.abs(high / scale)
  const zeroPoint = roundHalfAway(errorOfLow < errorOfHigh ? fromLow : fromHigh)
  return { scale: Math.fround(scale), zeroPoint: Math.min(Math.max(zeroPoint, LOWEST), HIGHEST) }
}
