import type { Constant, Tensor } from '../../graph/graph.js'
import { forEachWeight, type LayerWeights } from './float-layer.js'

const { fround } = Math

/** The highest code: -128 is not used, so that codes are symmetric. */
const MOST = 127

/** max|w| / 127 of each output; 1 where all its weights are 0. */
export function symmetricScales(weights: LayerWeights): Float32Array {
  const scales = new Float32Array(weights.outputs)
  for (let output = 0; output < weights.outputs; output++) {
    const largest = largestOf(weights, output)
    // Of a subnormal maximum the quotient may be 0, which is no scale.
    scales[output] = largest > 0 ? Math.max(largest / MOST, 2 ** -126) : 1
  }
  return scales
}

/**
 * Codes of i8 weights with a scale an output, rounded to nearest, ties away from zero, as LiteRT's converter rounds them: in
 * static quantization float32(w * float32(1 / scale)), in dynamic range quantization float32(w * float32(127 / max|w|))
 * (tensorflow/lite/tools/optimize/quantization_utils.cc, SymmetricPerChannelQuantization). Both held against its files.
 */
export function symmetricCodes(
  weights: LayerWeights,
  scales: Float32Array,
  rounding: 'static' | 'dynamic',
): Int8Array {
  const codes = new Int8Array(weights.values.length)
  for (let output = 0; output < weights.outputs; output++) {
    const largest = rounding === 'dynamic' ? largestOf(weights, output) : 0
    const inverse = fround(largest > 0 ? MOST / largest : 1 / scales[output]!)
    forEachWeight(weights, output, (i) => {
      const code = roundHalfAway(fround(weights.values[i]! * inverse))
      codes[i] = Math.min(Math.max(code, -MOST), MOST)
    })
  }
  return codes
}

/** A tensor of i8 weights with a scale an output. */
export function symmetricTensor(
  name: string,
  { shape, axis }: LayerWeights,
  scales: Float32Array,
  codes: Int8Array,
): Tensor & { readonly constant: Constant } {
  return {
    name,
    dtype: 'i8',
    shape,
    quantization: { scales, zeroPoints: new Int32Array(scales.length), axis },
    constant: { kind: 'values', values: codes },
  }
}

function largestOf(weights: LayerWeights, output: number): number {
  let largest = 0
  forEachWeight(weights, output, (i) => {
    largest = Math.max(largest, Math.abs(weights.values[i]!))
  })
  return largest
}

/** To the nearest integer, ties away from zero: C's round. */
export function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5)
}
