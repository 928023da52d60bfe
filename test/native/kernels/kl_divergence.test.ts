import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number): Build =>
  (p) =>
    p.output('y', op.klDivergence(p, 'kl', p.input('a', 'f32', rows, cols), p.input('b', 'f32', rows, cols)))

/** Sum of p ln(p / q) in float64, whose rounding errors are below 1e-14. */
function divergence(a: Float32Array, b: Float32Array): number {
  const logSum = (x: Float32Array) => {
    const maximum = x.reduce((m, v) => Math.max(m, v))
    return maximum + Math.log(x.reduce((sum, v) => sum + Math.exp(v - maximum), 0))
  }
  const [la, lb] = [logSum(a), logSum(b)]
  return a.reduce((sum, v, i) => sum + Math.exp(v - la) * (v - la - (b[i]! - lb)), 0)
}

// Noise of 0.003 makes a divergence near 4e-6, noise of 3 one of several nats.
test.each([
  [2, 0.1],
  [17, 1],
  [1000, 0.003],
  [1041, 0.03],
  [49152, 0.003],
  [49152, 0.3],
  [49152, 3],
])('%i columns, noise of %f: within 3e-5 of float64', async (cols, noise) => {
  const rows = 2
  const a = normal(cols, rows * cols, 4)
  const difference = normal(7, rows * cols, noise)
  // The float model and the quantized one need not share an origin: softmax has none.
  const b = a.map((v, i) => v + difference[i]! + 2.5)
  const { y } = await sameOnEveryIsa(step(rows, cols), { a, b })
  for (let row = 0; row < rows; row++) {
    const expected = divergence(
      a.subarray(row * cols, (row + 1) * cols),
      b.subarray(row * cols, (row + 1) * cols),
    )
    expect(Math.abs(y![row]! - expected)).toBeLessThanOrEqual(3e-5 * expected + 1e-12)
  }
})

test('a distribution does not diverge from itself, however sharp', async () => {
  const a = normal(1, 3 * 1000, 40)
  expect(Array.from((await sameOnEveryIsa(step(3, 1000), { a, b: a }))['y']!)).toEqual([0, 0, 0])
})

test('columns that one side excludes', async () => {
  // p = (1, 0, ...), q = (1/2, 1/2, 0, ...), and the other way about, to float precision.
  const sharp = new Float32Array(20).fill(-1000)
  sharp[0] = 0
  const split = sharp.slice()
  split[1] = 0
  const a = Float32Array.of(...sharp, ...split)
  const b = Float32Array.of(...split, ...sharp)
  const { y } = await sameOnEveryIsa(step(2, 20), { a, b })
  expect(y![0]).toBeCloseTo(Math.log(2), 6)
  expect(y![1]! / (1000 / 2 - Math.log(2))).toBeCloseTo(1, 6)
})

test('logits that are not finite show', async () => {
  const b = normal(2, 3 * 50)
  const a = b.slice()
  a[3] = Number.NaN
  a[50] = Number.POSITIVE_INFINITY
  a[149] = Number.NEGATIVE_INFINITY
  const { y } = await sameOnEveryIsa(step(3, 50), { a, b })
  expect(Array.from(y!)).toEqual([Number.NaN, Number.NaN, Number.NaN])
})

test('every kernel was run', () => expect(kernelsNotRun('kl_divergence')).toEqual([]))
