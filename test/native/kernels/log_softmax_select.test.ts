import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { integers, normal } from './random.js'

const step =
  (rows: number, cols: number): Build =>
  (p) => {
    const [x, columns] = [p.input('x', 'f32', rows, cols), p.input('columns', 'i32', rows)]
    p.output('y', op.logSoftmaxSelect(p, 'score', x, columns))
  }

function logSoftmax(x: Float32Array): (column: number) => number {
  const maximum = x.reduce((a, b) => Math.max(a, b))
  const logSum = Math.log(x.reduce((sum, v) => sum + Math.exp(v - maximum), 0))
  return (column) => x[column]! - maximum - logSum
}

// 1024 columns are a block of the sums.
test.each([1, 2, 15, 17, 512, 1024, 1041, 49152])('%i columns: within 1e-6 of float64', async (cols) => {
  const rows = 3
  const x = normal(cols, rows * cols, 5)
  const columns = integers(cols, rows, cols)
  const { y } = await sameOnEveryIsa(step(rows, cols), { x, columns })
  columns.forEach((column, row) => {
    const expected = logSoftmax(x.subarray(row * cols, (row + 1) * cols))(column)
    expect(Math.abs(y![row]! - expected)).toBeLessThanOrEqual(1e-6 + 1e-7 * Math.abs(expected))
  })
})

test('a certain column has the logarithm 0; an impossible one has none', async () => {
  const infinity = Number.POSITIVE_INFINITY
  const x = Float32Array.of(100, -100, -infinity, 100, -100, -infinity)
  const { y } = await sameOnEveryIsa(step(2, 3), { x, columns: Int32Array.of(0, 2) })
  expect(Array.from(y!)).toEqual([0, -infinity])
})

test('a NaN or a positive infinity anywhere shows', async () => {
  const x = normal(1, 3 * 100)
  x[99] = Number.NaN
  x[100] = Number.POSITIVE_INFINITY
  const { y } = await sameOnEveryIsa(step(3, 100), { x, columns: Int32Array.of(0, 50, 0) })
  expect(y![0]).toBeNaN()
  expect(y![1]).toBeNaN()
  expect(y![2]).toBeLessThan(0)
})

test.each([-1, 7])('refuses column %i of 7', async (wrong) => {
  const run = onReference(step(2, 7), { x: new Float32Array(14), columns: Int32Array.of(0, wrong) })
  await expect(run).rejects.toThrow(`column ${wrong} (row 1) is outside the 7 columns`)
})

test('every kernel was run', () => expect(kernelsNotRun('log_softmax_select')).toEqual([]))
