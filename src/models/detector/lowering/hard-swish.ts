import type { Codes } from './codes.js'

const { fround } = Math
const I16_MIN = -(2 ** 15)
const I16_MAX = 2 ** 15 - 1

/** mantissa / 2^15 * 2^exponent, the mantissa in [2^14, 2^15). */
interface Multiplier {
  readonly mantissa: number
  readonly exponent: number
}

/** 31 bits of the mantissa first and 16 of those then, as the source rounds twice. */
function multiplierOf(value: number): Multiplier {
  let exponent = Math.floor(Math.log2(value)) + 1
  let wide = Math.round(value * 2 ** (31 - exponent))
  if (wide === 2 ** 31) {
    wide = 2 ** 30
    exponent++
  }
  return { mantissa: Math.min(Math.floor((wide + 2 ** 15) / 2 ** 16), I16_MAX), exponent }
}

function saturated(value: number): number {
  return Math.min(Math.max(value, I16_MIN), I16_MAX)
}

/** a * b / 2^15 in 16 bits, halves away from zero. */
function highProduct(a: number, b: number): number {
  const product = a * b
  return saturated(Math.trunc((product + (product < 0 ? 1 - 2 ** 14 : 2 ** 14)) / 2 ** 15))
}

/** value / 2^bits, halves away from zero. */
function shiftedDown(value: number, bits: number): number {
  const magnitude = Math.floor(Math.abs(value) / 2 ** bits + 0.5)
  return value < 0 ? -magnitude : magnitude
}

/**
 * The 256 results of HARD_SWISH on codes, in the 16-bit fixed point that LiteRT has for it: x * (clamp(x / 3, -1, 1) + 1)
 * / 2. Computed in float it would differ by a code here and there.
 *
 * Source: TensorFlow Lite, kernels/internal/reference/hard_swish.h (HardSwish) and kernels/activations.cc
 * (HardSwishPrepare).
 */
export function hardSwishTable(from: Codes, to: Codes): Uint8Array {
  // The input in steps of scale / 128, so that it fills 16 bits.
  const step = fround(from.scale / 128)
  const toOutput = multiplierOf(step / to.scale)
  const toGate = multiplierOf(step / fround(3 / 32768))
  return Uint8Array.from({ length: 256 }, (_, code) => {
    const fine = (code - from.zero) * 128
    const gate = gateOf(fine, toGate)
    const scaled = highProduct(fine, toOutput.mantissa)
    const product = saturated(Math.trunc((gate * scaled) / 2 ** 15))
    const result = shiftedDown(product, -toOutput.exponent) + to.zero
    return Math.min(Math.max(result, 0), 255)
  })
}

/** (clamp(x / 3, -1, 1) + 1) / 2 in 15 bits. Shifted up before the product but for one bit, so as to round only once. */
function gateOf(fine: number, { mantissa, exponent }: Multiplier): number {
  let third: number
  if (exponent > 0) third = saturated(2 * highProduct(saturated(fine * 2 ** (exponent - 1)), mantissa))
  else third = shiftedDown(highProduct(fine, mantissa), -exponent)
  return Math.floor((third + 2 ** 15) / 2)
}
