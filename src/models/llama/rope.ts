import type { LlamaConfig } from './config.js'

/** How the rotary frequencies of a model trained on short texts are stretched for long ones. */
export type RopeScaling =
  /** Llama 3.1 and later: low frequencies divided by `factor`, high ones kept, a ramp between. */
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFreqFactor: number
      readonly highFreqFactor: number
      readonly originalContextLength: number
    }
  /** Every frequency divided by `factor`. */
  | { readonly type: 'linear'; readonly factor: number }
  /** A divisor for each frequency, [headDim / 2], as a GGUF file's `rope_freqs.weight` holds them. */
  | { readonly type: 'factors'; readonly factors: readonly number[] }

const { fround } = Math

/**
 * The rotary embedding's angle per position, in radians: [headDim / 2] values, theta^(-2i / headDim), scaled.
 *
 * Each operation is rounded to float32, in transformers' order (modeling_rope_utils.py): at position 8000 a frequency
 * that is off by one float32 rounding turns the vector by a visible angle.
 */
export function ropeInverseFrequencies(
  config: Pick<LlamaConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>,
): Float32Array {
  const { headDim, ropeTheta, ropeScaling } = config
  const frequencies = new Float32Array(headDim / 2)
  for (let i = 0; i < frequencies.length; i++) {
    const power = fround(fround(ropeTheta) ** fround((2 * i) / headDim))
    const frequency = fround(1 / power)
    frequencies[i] = ropeScaling === undefined ? frequency : scaled(frequency, i, ropeScaling)
  }
  return frequencies
}

function scaled(frequency: number, index: number, scaling: RopeScaling): number {
  switch (scaling.type) {
    case 'linear':
      return fround(frequency / fround(scaling.factor))
    case 'factors':
      return fround(frequency / scaling.factors[index]!)
    case 'llama3': {
      const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = scaling
      const wavelength = fround(fround(2 * Math.PI) / frequency)
      if (wavelength < fround(originalContextLength / highFreqFactor)) return frequency
      if (wavelength > fround(originalContextLength / lowFreqFactor))
        return fround(frequency / fround(factor))
      const ramp = fround(fround(originalContextLength / wavelength) - fround(lowFreqFactor))
      const smooth = fround(ramp / fround(highFreqFactor - lowFreqFactor))
      const stretched = fround(fround(fround(1 - smooth) * frequency) / fround(factor))
      return fround(stretched + fround(smooth * frequency))
    }
  }
}
