import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number): Build =>
  (p) =>
    p.output('y', op.argmax(p, 'argmax', p.input('x', 'f32', rows, cols)))

test.each([1, 15, 16, 63, 64, 65, 1000, 49152])('%i columns: the first of the greatest', async (cols) => {
  const rows = 4
  const x = normal(cols, rows * cols)
  x.subarray(cols, 2 * cols).forEach((v, i, row) => {
    row[i] = Math.round(v) // ties
  })
  x.subarray(2 * cols, 3 * cols).fill(Number.NEGATIVE_INFINITY)
  const { y } = await sameOnEveryIsa(step(rows, cols), { x })
  for (let row = 0; row < rows; row++) {
    const values = x.subarray(row * cols, (row + 1) * cols)
    expect(y![row]).toBe(values.indexOf(values.reduce((a, b) => Math.max(a, b))))
  }
})

test.each([0, 20, 70])('a NaN in column %i of 71 gives -1', async (column) => {
  const x = normal(1, 2 * 71)
  x[column] = Number.NaN
  const { y } = await sameOnEveryIsa(step(2, 71), { x })
  expect(y![0]).toBe(-1)
  expect(y![1]).toBeGreaterThanOrEqual(0)
})

test('every kernel was run', () => expect(kernelsNotRun('argmax')).toEqual([]))
