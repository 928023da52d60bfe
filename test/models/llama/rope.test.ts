import { describe, expect, it } from 'vitest'
import { ropeInverseFrequencies } from '../../../src/models/llama/rope.js'

const bits = (values: Float32Array) => [...new Uint32Array(values.buffer)]

describe('inverse frequencies', () => {
  it('are powers of theta, in float32', () => {
    const frequencies = ropeInverseFrequencies({ headDim: 8, ropeTheta: 10000, ropeScaling: undefined })
    expect([...frequencies]).toEqual([1, 0.1, 0.01, 0.001].map(Math.fround))
  })

  it('with llama3 scaling keep high ones, divide low ones, and blend between', () => {
    // Llama 3.2 1B. The float64 values of the formula (transformers, modeling_rope_utils.py).
    const scaling = { factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 }
    const config = { headDim: 64, ropeTheta: 500_000, ropeScaling: { type: 'llama3', ...scaling } as const }
    const frequencies = ropeInverseFrequencies(config)
    const kinds = { kept: 0, divided: 0, blended: 0 }
    frequencies.forEach((frequency, i) => {
      const plain = 500_000 ** ((-2 * i) / 64)
      const turns = (8192 * plain) / (2 * Math.PI)
      let expected = plain
      if (turns < 1) {
        expected = plain / 32
        kinds.divided++
      } else if (turns <= 4) {
        const smooth = (turns - 1) / 3
        expected = ((1 - smooth) * plain) / 32 + smooth * plain
        kinds.blended++
      } else kinds.kept++
      expect(Math.abs(frequency / expected - 1)).toBeLessThan(4e-7)
    })
    expect(kinds).toEqual({ kept: 15, divided: 14, blended: 3 })
  })

  it('with linear scaling or a table of factors are divided', () => {
    const config = { headDim: 4, ropeTheta: 10000 }
    const linear = ropeInverseFrequencies({ ...config, ropeScaling: { type: 'linear', factor: 4 } })
    expect([...linear]).toEqual([0.25, 0.0025].map(Math.fround))
    const table = ropeInverseFrequencies({ ...config, ropeScaling: { type: 'factors', factors: [1, 8] } })
    expect([...table]).toEqual([1, 0.00125].map(Math.fround))
  })

  it('from llama.cpp’s factors are those of the formula', () => {
    const llama3 = { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 }
    const config = { headDim: 128, ropeTheta: 500_000 }
    const formula = ropeInverseFrequencies({ ...config, ropeScaling: { type: 'llama3', ...llama3 } })
    const plain = ropeInverseFrequencies({ ...config, ropeScaling: undefined })
    const factors = [...plain].map((frequency, i) => Math.fround(frequency / formula[i]!))
    const table = ropeInverseFrequencies({ ...config, ropeScaling: { type: 'factors', factors } })
    // One rounding of the factor more: at most two units in the last place.
    for (const [i, value] of bits(table).entries())
      expect(Math.abs(value - bits(formula)[i]!)).toBeLessThanOrEqual(2)
  })
})
