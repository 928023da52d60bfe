import { describe, expect, test } from 'vitest'
import {
  type BlockType,
  dequantize,
  dequantizeBlocks,
  linear,
  pack,
  type QuantizeArrayOptions,
  quantize,
  unpack,
} from '../../src/quantize/arrays.js'
import { firstDifference, randomValues } from '../native/quant/reference.js'

const [rows, cols] = [40, 172]
const weights = randomValues(rows * cols, 3)

describe('quantize', () => {
  test('defaults: group 64, asymmetric, no clipping', () => {
    const implicit = quantize(weights, rows, cols, { bits: 4 })
    const explicit = { bits: 4, groupSize: 64, symmetric: false, clip: 'none' } as const
    expect(implicit).toEqual(quantize(weights, rows, cols, explicit))
    expect(implicit).toMatchObject({ bits: 4, groupSize: 64, rows, cols })
  })

  test.each([
    [8, 0.005],
    [4, 0.08],
    [2, 0.4],
  ] as const)('%i bits: no weight is off by more than half a step', (bits, bound) => {
    const values = dequantize(quantize(weights, rows, cols, { bits, groupSize: 32 }))
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - weights[i]!)), 0)
    expect(worst).toBeLessThan(bound)
    expect(worst).toBeGreaterThan(bound / 10)
  })

  test('a view into a larger buffer is read from its own offset', () => {
    const larger = new Float32Array(rows * cols + 5)
    larger.set(weights, 5)
    expect(quantize(larger.subarray(5), rows, cols, { bits: 8 })).toEqual(
      quantize(weights, rows, cols, { bits: 8 }),
    )
  })
})

describe('linear', () => {
  test.each([8, 4, 2] as const)('%i bits: the product with the dequantized weights', (bits) => {
    const matrix = quantize(weights, rows, cols, { bits })
    const values = dequantize(matrix)
    const tokens = 7
    const x = randomValues(tokens * cols, 4)
    for (const [activations, tolerance] of [
      ['f32', 1e-5],
      ['int8', 0.1],
    ] as const) {
      const y = linear(x, matrix, { activations, threads: 2 })
      expect(y.length).toBe(tokens * rows)
      let worst = 0
      for (let t = 0; t < tokens; ++t) {
        for (let n = 0; n < rows; ++n) {
          let sum = 0
          for (let k = 0; k < cols; ++k) sum += x[t * cols + k]! * values[n * cols + k]!
          worst = Math.max(worst, Math.abs(y[t * rows + n]! - sum))
        }
      }
      expect(worst).toBeLessThan(tolerance)
      expect(firstDifference(linear(x, matrix, { activations }), y)).toBe(-1)
    }
  })
})

describe('wrong arguments', () => {
  const matrix = quantize(weights, rows, cols, { bits: 4 })
  const options = (change: object) => ({ bits: 4, ...change }) as QuantizeArrayOptions

  test.each([
    [
      'expected a Float32Array for weights, got Array',
      TypeError,
      () => quantize([] as never, 1, 1, options({})),
    ],
    [
      'expected 6920 elements for weights, got 6880',
      RangeError,
      () => quantize(weights, rows, cols + 1, options({})),
    ],
    [
      'expected a positive integer for rows, got 0',
      RangeError,
      () => quantize(weights, 0, cols, options({})),
    ],
    [
      'expected a positive integer for cols, got 1.5',
      RangeError,
      () => quantize(weights, rows, 1.5, options({})),
    ],
    [
      'expected one of 8, 4, 2 for bits, got 3',
      RangeError,
      () => quantize(weights, rows, cols, options({ bits: 3 })),
    ],
    [
      'expected one of 32, 64, 128, -1 for groupSize, got 16',
      RangeError,
      () => quantize(weights, rows, cols, options({ groupSize: 16 })),
    ],
    [
      'expected true or false for symmetric, got 1',
      RangeError,
      () => quantize(weights, rows, cols, options({ symmetric: 1 })),
    ],
    [
      'expected one of none, mse for clip, got max',
      RangeError,
      () => quantize(weights, rows, cols, options({ clip: 'max' })),
    ],
    [
      'expected 880 elements for qweight, got 879',
      RangeError,
      () => dequantize({ ...matrix, qweight: matrix.qweight.subarray(1) }),
    ],
    [
      'expected a Uint16Array for scales, got Float32Array',
      TypeError,
      () => dequantize({ ...matrix, scales: new Float32Array(120) as never }),
    ],
    [
      'expected 0 to 2 for gIdx[9], got 3',
      RangeError,
      () => unpack({ ...matrix, gIdx: matrix.gIdx.map((g, k) => (k === 9 ? 3 : g)) }),
    ],
    [
      'expected 0 to 15 for codes[77], got 16',
      RangeError,
      () => pack({ ...unpack(matrix), codes: new Uint8Array(rows * cols).fill(16, 77, 78) }),
    ],
    [
      'expected a multiple of 172 values for x, got 171',
      RangeError,
      () => linear(new Float32Array(171), matrix),
    ],
    ['expected a multiple of 172 values for x, got 0', RangeError, () => linear(new Float32Array(0), matrix)],
    [
      'expected one of f32, int8 for activations, got int4',
      RangeError,
      () => linear(new Float32Array(172), matrix, { activations: 'int4' as never }),
    ],
    [
      'expected a positive integer for threads, got 0',
      RangeError,
      () => linear(new Float32Array(172), matrix, { threads: 0 }),
    ],
    [
      'expected one of Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K for type, got Q9_9',
      RangeError,
      () => dequantizeBlocks('Q9_9' as BlockType, new Uint8Array(18)),
    ],
    [
      'expected a Uint8Array for bytes, got undefined',
      TypeError,
      () => dequantizeBlocks('Q4_0', undefined as never),
    ],
  ])('%s', (message, type, call) => {
    expect(call).toThrow(type)
    expect(call).toThrow(message)
  })
})
