import type { Scale } from './quantized.js'

const { fround } = Math

/** A float as a mantissa of 16 bits below 1 and an exponent (TFLite, QuantizeMultiplier, then 16 bits of it). */
function multiplier16(value: number): [number, number] {
  let exponent = Math.floor(Math.log2(value)) + 1
  let mantissa = Math.round((value / 2 ** exponent) * 2 ** 31)
  if (mantissa === 2 ** 31) [mantissa, exponent] = [2 ** 30, exponent + 1]
  return [Math.min(Math.floor((mantissa + 2 ** 15) / 2 ** 16), 32767), exponent]
}

const saturate = (value: number) => Math.min(Math.max(value, -32768), 32767)

/** a * b / 2^15, rounded half away from zero. */
function roundedHighProduct(a: number, b: number): number {
  const product = a * b
  return saturate(Math.trunc((product + (product >= 0 ? 2 ** 14 : 1 - 2 ** 14)) / 2 ** 15))
}

/** value / 2^exponent, rounded half away from zero. */
function roundedShift(value: number, exponent: number): number {
  const divisor = 2 ** exponent
  return Math.sign(value) * Math.floor((Math.abs(value) + divisor / 2) / divisor)
}

/**
 * HARD_SWISH of a code, in 16-bit fixed point: LiteRT has no other kernel for i8 and u8.
 *
 * Source: tflite/kernels/internal/reference/hard_swish.h, `HardSwish`; tflite/kernels/activations.cc, `HardSwishPrepare`.
 */
export function quantizedHardSwish(code: number, input: Scale, output: Scale): number {
  const fineScale = fround(input.scale / 128)
  const [scaleMantissa, scaleExponent] = multiplier16(fineScale / output.scale)
  const [gateMantissa, gateExponent] = multiplier16(fineScale / fround(3 / 32768))
  const fine = (code - input.zeroPoint) * 128
  const scaled = roundedHighProduct(fine, scaleMantissa)
  // x / 3 in 15 bits, saturated to [-1, 1]: shifted up but for one bit before the product, so as to round only once.
  let gate = gateExponent > 0 ? saturate(fine * 2 ** (gateExponent - 1)) : fine
  gate = roundedHighProduct(gate, gateMantissa)
  if (gateExponent > 0) gate = saturate(gate * 2)
  if (gateExponent < 0) gate = roundedShift(gate, -gateExponent)
  // (x / 3 + 1) / 2
  gate = Math.floor((gate + 2 ** 15) / 2)
  const product = saturate(Math.trunc((gate * scaled) / 2 ** 15))
  return roundedShift(product, -scaleExponent) + output.zeroPoint
}
