import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number, epsilon: number): Build =>
  (p) =>
    p.output(
      'y',
      op.rmsnorm(p, 'norm', p.input('x', 'f32', rows, cols), p.input('gain', 'f32', cols), epsilon),
    )

// Whole vectors, less than one, and both.
test.each([1, 8, 16, 17, 100, 576, 3072])(
  '%i columns: within 1e-6 of float64, the same bits everywhere',
  async (cols) => {
    const rows = 5
    const x = normal(cols, rows * cols, 3)
    const gain = normal(1, cols)
    const { y } = await sameOnEveryIsa(step(rows, cols, 1e-5), { x, gain })
    for (let row = 0; row < rows; row++) {
      const values = x.subarray(row * cols, (row + 1) * cols)
      const r = 1 / Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / cols + 1e-5)
      values.forEach((v, i) => {
        const expected = v * r * gain[i]!
        expect(Math.abs(y![row * cols + i]! - expected)).toBeLessThanOrEqual(
          1e-6 * Math.abs(expected) + 1e-38,
        )
      })
    }
  },
)

test('a NaN or an infinity makes its own row NaN, and no other', async () => {
  const x = normal(2, 3 * 40)
  x[7] = Number.NaN
  x[40 + 39] = Number.POSITIVE_INFINITY
  const { y } = await sameOnEveryIsa(step(3, 40, 1e-6), { x, gain: normal(3, 40) })
  expect(y!.subarray(0, 40).every(Number.isNaN)).toBe(true)
  expect(y![40 + 39]).toBeNaN()
  expect(y!.subarray(80).every(Number.isFinite)).toBe(true)
})

test('epsilon must not be negative', async () => {
  const run = onReference(step(1, 4, -1), { x: new Float32Array(4), gain: new Float32Array(4) })
  await expect(run).rejects.toThrow('epsilon must be at least 0')
})

test('every kernel was run', () => expect(kernelsNotRun('rmsnorm')).toEqual([]))
