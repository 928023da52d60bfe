import { describe, expect, test } from 'vitest'
import { hadamard } from '../../../src/quantize/solver.js'
import { normal } from '../kernels/random.js'

const [rows, cols] = [48, 40]
const values = normal(1, rows * cols)

const bitsSet = (x: number): number => (x === 0 ? 0 : (x & 1) + bitsSet(x >> 1))

/** An element of the block-diagonal matrix of H / sqrt(block). */
function element(i: number, j: number, block: number): number {
  if (Math.floor(i / block) !== Math.floor(j / block)) return 0
  const sign = bitsSet((i % block) & (j % block)) % 2 === 0 ? 1 : -1
  return sign / Math.sqrt(block)
}

describe.each([
  ['columns', 1],
  ['columns', 2],
  ['columns', 8],
  ['rows', 4],
  ['rows', 16],
] as const)('%s, blocks of %i', (side, block) => {
  const result = hadamard(values, rows, cols, { block, side })

  test('is the product with the matrix of the definition', () => {
    for (let r = 0; r < rows; ++r) {
      for (let c = 0; c < cols; ++c) {
        let sum = 0
        if (side === 'columns') {
          for (let k = 0; k < cols; ++k) sum += values[r * cols + k]! * element(k, c, block)
        } else {
          for (let k = 0; k < rows; ++k) sum += element(r, k, block) * values[k * cols + c]!
        }
        expect(Math.abs(result[r * cols + c]! - sum)).toBeLessThan(1e-6)
      }
    }
  })

  test('is its own inverse', () => {
    const back = hadamard(result, rows, cols, { block, side })
    for (let i = 0; i < values.length; ++i) expect(Math.abs(back[i]! - values[i]!)).toBeLessThan(1e-6)
  })
})

test.each([
  ['columns', 16, 40],
  ['rows', 3, 48],
  ['rows', 0, 48],
  ['columns', Number.NaN, 40],
] as const)('%s: refuses blocks of %f', (side, block, length) => {
  expect(() => hadamard(values, rows, cols, { block, side })).toThrow(
    `expected a power of two that divides ${length} for block, got ${block}`,
  )
})
