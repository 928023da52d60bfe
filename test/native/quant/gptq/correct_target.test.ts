import { expect, test } from 'vitest'
import { correctTarget } from '../../../../src/quantize/solver.js'
import { normal } from '../../kernels/random.js'
import { firstDifference } from '../reference.js'
import { hessianOf, identity, matrix, randomLayer, solve } from './reference.js'

const [rows, cols] = [21, 44]
const layer = randomLayer(21, rows, cols)
const cross = normal(22, cols * cols, 0.2)
const residual = normal(23, rows * cols, 0.05)

/** The formula, in float64. */
function expected(alpha: number, beta: number, damp: number): number[] {
  const { weights, hessian } = layer
  let sum = 0
  for (let k = 0; k < cols; ++k) sum += hessian[k * cols + k]!
  const damped = matrix(cols, cols, (i, j) => hessian[i * cols + j]! + (i === j ? (damp * sum) / cols : 0))
  const inverse = solve(damped, identity(cols))
  return Array.from({ length: rows }, (_, n) => {
    const change = Array.from({ length: cols }, (_, k) => {
      let product = 0
      for (let i = 0; i < cols; ++i) product += weights[n * cols + i]! * cross[i * cols + k]!
      return alpha * product + beta * residual[n * cols + k]!
    })
    return Array.from(
      { length: cols },
      (_, k) => weights[n * cols + k]! + change.reduce((sum, c, i) => sum + c * inverse[i]![k]!, 0),
    )
  }).flat()
}

test.each([
  [1, 1, 0.01],
  [0.5, 0, 0.1],
  [0, 0.25, 0],
])('alpha %f, beta %f, damp %f: the closed form', async (alpha, beta, damp) => {
  const result = await correctTarget({ ...layer, cross, residual }, { alpha, beta, damp, threads: 2 })
  const exact = expected(alpha, beta, damp)
  for (let i = 0; i < exact.length; ++i) {
    expect(Math.abs(result[i]! - exact[i]!)).toBeLessThan(1e-6 * (1 + Math.abs(exact[i]!)))
  }
})

test('without a difference the target is the weights, bit for bit', async () => {
  expect(firstDifference(await correctTarget(layer), layer.weights)).toBe(-1)
  const nothing = await correctTarget({ ...layer, cross, residual }, { alpha: 0, beta: 0 })
  expect(firstDifference(nothing, layer.weights)).toBe(-1)
})

test("the corrected layer gives the float layer's outputs on the quantized model's inputs", async () => {
  // Inputs y = x A of the float model, linear in the quantized model's x: then W* = W A^T reproduces W y exactly.
  const samples = 4 * cols
  const draws = normal(24, samples * cols)
  const x = matrix(samples, cols, (t, k) => draws[t * cols + k]!)
  const mix = matrix(cols, cols, (i, j) => (i === j ? 1 : 0) + 0.1 * cross[i * cols + j]!)
  const y = x.map((row) =>
    Float64Array.from({ length: cols }, (_, k) => row.reduce((sum, v, i) => sum + v * mix[i]![k]!, 0)),
  )
  const difference = new Float32Array(cols * cols)
  for (let i = 0; i < cols; ++i) {
    for (let j = 0; j < cols; ++j) {
      let sum = 0
      for (let t = 0; t < samples; ++t) sum += (y[t]![i]! - x[t]![i]!) * x[t]![j]!
      difference[i * cols + j] = (2 * sum) / samples
    }
  }
  const target = await correctTarget({ ...layer, hessian: hessianOf(x), cross: difference }, { damp: 0 })
  for (let n = 0; n < rows; ++n) {
    for (let k = 0; k < cols; ++k) {
      let exact = 0
      for (let i = 0; i < cols; ++i) exact += layer.weights[n * cols + i]! * mix[k]![i]!
      expect(Math.abs(target[n * cols + k]! - exact)).toBeLessThan(1e-5)
    }
  }
})

test('what is not finite is named', async () => {
  const bad = cross.slice()
  bad[3 * cols + 5] = Number.NaN
  await expect(correctTarget({ ...layer, cross: bad })).rejects.toThrow(
    'cross [3, 5]: expected a finite number, found NaN',
  )
})
