import { describe, expect, test } from 'vitest'
import {
  type Bits,
  dequantize,
  type GroupSize,
  type QuantizedMatrix,
  quantize,
  unpack,
} from '../../../src/quantize/arrays.js'
import { codesOf, float16FromBits, gridOf, randomValues } from './reference.js'

const allBits: Bits[] = [8, 4, 2]
const groupSizes: GroupSize[] = [32, 64, 128, -1]
const cases = allBits.flatMap((bits) =>
  groupSizes.flatMap((groupSize) =>
    [false, true].map((symmetric) => ({ bits, groupSize, symmetric }) as const),
  ),
)

/** Checks codes, scales and zero points of every group against reference.ts. */
function expectReference(weights: Float32Array, matrix: QuantizedMatrix, symmetric: boolean) {
  const { bits, rows, cols, groupSize } = matrix
  const size = groupSize === -1 ? cols : groupSize
  const { codes, zeros, scales } = unpack(matrix)
  for (let n = 0; n < rows; ++n) {
    for (let g = 0; g * size < cols; ++g) {
      const begin = n * cols + g * size
      const end = Math.min(begin + size, (n + 1) * cols)
      const group = [...weights.subarray(begin, end)]
      const grid = gridOf(group, bits, symmetric)
      const at = `row ${n}, group ${g}`
      expect(float16FromBits(scales[g * rows + n]!), at).toBe(grid.scale)
      expect(zeros[g * rows + n], at).toBe(grid.zero)
      expect([...codes.subarray(begin, end)], at).toEqual(codesOf(group, grid, bits))
    }
  }
}

describe.each(cases)('$bits bits, group $groupSize, symmetric $symmetric', (options) => {
  const cols = 172 // the last group is short: 12 of 32, 44 of 64 and of 128
  const rows: Float32Array[] = [
    randomValues(cols, 7),
    randomValues(cols, 8).map((w) => w * 1e-3),
    randomValues(cols, 9).map((w) => w ** 9 * 50), // outliers
    new Float32Array(cols), // zeros
    new Float32Array(cols).fill(3),
    new Float32Array(cols).fill(-0.7),
    randomValues(cols, 10).map(Math.abs),
    randomValues(cols, 11).map((w) => -Math.abs(w)),
    Float32Array.from({ length: cols }, (_, k) => ((k * 37) % 101) - 50), // ties at many scales
    Float32Array.from({ length: cols }, (_, k) => (k % 16) - 8),
    new Float32Array(cols).fill(0).map((_, k) => (k === 100 ? 1e-3 : 0)),
    randomValues(cols, 12).map((w) => w * 1e-7), // scales below the smallest float16
    randomValues(cols, 13).map((w) => w * 2e-4), // scales among float16's subnormals
    randomValues(cols, 14).map((w) => w * 90_000), // large scales
  ]
  const weights = Float32Array.from(rows.flatMap((row) => [...row]))

  test('codes, scales and zero points are those of the definition', () => {
    expectReference(weights, quantize(weights, rows.length, cols, options), options.symmetric)
  })

  test('the clip search never has more squared error than the whole range, and less on average', () => {
    const whole = quantize(weights, rows.length, cols, options)
    const clipped = quantize(weights, rows.length, cols, { ...options, clip: 'mse' })
    const size = options.groupSize === -1 ? cols : options.groupSize
    let better = 0
    const values = [dequantize(whole), dequantize(clipped)] as const
    for (let n = 0; n < rows.length; ++n) {
      for (let k = 0; k < cols; k += size) {
        const [before, after] = values.map((v) => {
          let sum = 0
          for (let j = k; j < Math.min(k + size, cols); ++j) sum += (v[n * cols + j]! - rows[n]![j]!) ** 2
          return sum
        }) as [number, number]
        expect(after, `row ${n}, group at ${k}`).toBeLessThanOrEqual(before)
        if (after < before) better += 1
      }
    }
    if (options.bits < 8) expect(better).toBeGreaterThan(3)
  })
})

// scale, zero point, first codes and the sum of (i + 1) * code, as PyTorch computes them by the formulas of AutoGPTQ
// (scale rounded by .half()), for two rows of 48 in groups of 32.
const torch = [
  {
    bits: 8,
    symmetric: false,
    group: 0,
    scale: 0.00600433349609375,
    zero: 130,
    first: [29, 125, 221, 55],
    sum: 263150,
  },
  {
    bits: 8,
    symmetric: false,
    group: 1,
    scale: 0.00576019287109375,
    zero: 128,
    first: [220, 47, 147, 247],
    sum: 69526,
  },
  {
    bits: 8,
    symmetric: true,
    group: 0,
    scale: 0.00612640380859375,
    zero: 128,
    first: [29, 123, 217, 54],
    sum: 260243,
  },
  {
    bits: 8,
    symmetric: true,
    group: 1,
    scale: 0.00576019287109375,
    zero: 128,
    first: [220, 47, 147, 247],
    sum: 68638,
  },
  { bits: 4, symmetric: false, group: 0, scale: 0.10211181640625, zero: 8, first: [2, 8, 13, 4], sum: 16232 },
  { bits: 4, symmetric: false, group: 1, scale: 0.097900390625, zero: 7, first: [12, 2, 8, 14], sum: 3906 },
  { bits: 4, symmetric: true, group: 0, scale: 0.10418701171875, zero: 8, first: [2, 8, 13, 4], sum: 16446 },
  { bits: 4, symmetric: true, group: 1, scale: 0.097900390625, zero: 8, first: [13, 3, 9, 15], sum: 4262 },
  { bits: 2, symmetric: false, group: 0, scale: 0.51025390625, zero: 2, first: [1, 2, 3, 1], sum: 4067 },
  { bits: 2, symmetric: false, group: 1, scale: 0.489501953125, zero: 2, first: [3, 1, 2, 3], sum: 1011 },
  { bits: 2, symmetric: true, group: 0, scale: 0.52099609375, zero: 2, first: [1, 2, 3, 1], sum: 4127 },
  { bits: 2, symmetric: true, group: 1, scale: 0.489501953125, zero: 2, first: [3, 1, 2, 3], sum: 1002 },
] as const

test.each(torch)('PyTorch: $bits bits, symmetric $symmetric, group $group', (expected) => {
  const weights = Float32Array.from({ length: 96 }, (_, i) => {
    const [row, k] = [Math.floor(i / 48), i % 48]
    return (((k * 37 + row * 11) % 101) - 50) / 64
  })
  const { bits, symmetric, group } = expected
  const { codes, zeros, scales } = unpack(quantize(weights, 2, 48, { bits, symmetric, groupSize: 32 }))
  expect(float16FromBits(scales[group * 2 + 1]!)).toBe(expected.scale)
  expect(zeros[group * 2 + 1]).toBe(expected.zero)
  const size = group === 0 ? 32 : 16
  const rows = [0, 1].map((n) => [...codes.subarray(n * 48 + group * 32, n * 48 + group * 32 + size)])
  expect(rows[1]!.slice(0, 4)).toEqual(expected.first)
  expect(rows.flat().reduce((sum, code, i) => sum + (i + 1) * code, 0)).toBe(expected.sum)
})

describe('what has no grid', () => {
  test.each([
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
  ])('%s is named with its place', (found, value) => {
    const weights = randomValues(3 * 70)
    weights[2 * 70 + 66] = value
    expect(() => quantize(weights, 3, 70, { bits: 4 })).toThrow(
      `tensor 'weights' [2, 66]: expected a finite weight, found ${found}`,
    )
  })

  test('a scale beyond float16 names the weight that needs it', () => {
    const weights = randomValues(64)
    weights[40] = -1e6
    expect(() => quantize(weights, 1, 64, { bits: 4 })).toThrow(
      /'weights' \[0, 40\]: weight -1000000\.0+ needs/,
    )
    expect(() => quantize(weights, 1, 64, { bits: 8 })).not.toThrow()
  })

  test('the largest float32 range does not overflow into something finite', () => {
    const weights = new Float32Array(64).fill(3.4e38)
    weights[1] = -3.4e38
    expect(() => quantize(weights, 1, 64, { bits: 8 })).toThrow('beyond float16')
  })
})

test('one group: a row of one element', () => {
  const matrix = quantize(Float32Array.of(0.5), 1, 1, { bits: 8, groupSize: -1 })
  expect(dequantize(matrix)[0]).toBeCloseTo(0.5, 3)
})
