import { expect, test } from 'vitest'
import { softmax } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number, beta = 1): Build =>
  (p) =>
    p.output('y', softmax(p, 'softmax', p.input('x', 'f32', rows, cols), beta))

// A block of the sum has 1024 columns. Differences from the greatest element have errors of up to 1e-6, and so have their
// powers.
test.each([
  [1, 1, 1],
  [40, 2, 1],
  [7, 21, 1],
  [5, 91, 0.5],
  [3, 64, -1],
  [2, 3000, 1],
])('[%i, %i], beta %f: within 3e-6 of float64', async (rows, cols, beta) => {
  const x = normal(rows, rows * cols, 4)
  const { y } = await sameOnEveryIsa(step(rows, cols, beta), { x })
  for (let row = 0; row < rows; row++) {
    const scaled = Array.from(x.subarray(row * cols, (row + 1) * cols), (v) => beta * v)
    const greatest = Math.max(...scaled)
    const powers = scaled.map((v) => Math.exp(v - greatest))
    const sum = powers.reduce((total, power) => total + power, 0)
    powers.forEach((power, i) => {
      const expected = power / sum
      expect(Math.abs(y![row * cols + i]! - expected)).toBeLessThanOrEqual(3e-6 * expected)
    })
  }
})

test('large numbers do not overflow, and a NaN stays in its row', async () => {
  const x = Float32Array.of(1000, 1000, -1000, 1, Number.NaN, 2, 0, Number.NEGATIVE_INFINITY, 0)
  const { y } = await sameOnEveryIsa(step(3, 3), { x })
  const nan = Number.NaN
  expect(Array.from(y!)).toEqual([0.5, 0.5, 0, nan, nan, nan, 0.5, 0, 0.5])
})

test('an infinite beta is refused', async () => {
  const build = step(1, 2, Number.POSITIVE_INFINITY)
  await expect(onReference(build, { x: new Float32Array(2) })).rejects.toThrow('beta must be finite')
})

test('every kernel was run', () => expect(kernelsNotRun('softmax')).toEqual([]))
