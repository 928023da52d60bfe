import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number): Build =>
  (p) =>
    p.output(
      'y',
      op.gatherColumns(p, 'order', p.input('x', 'f32', rows, cols), p.input('columns', 'i32', cols)),
    )

test.each([
  [1, 1],
  [1, 37],
  [5, 64],
])('[%i, %i]: takes each row’s elements in the order asked for', async (rows, cols) => {
  const x = normal(rows, rows * cols)
  const columns = Int32Array.from({ length: cols }, (_, j) => (5 * j + 3) % cols)
  const { y } = await sameOnEveryIsa(step(rows, cols), { x, columns })
  const expected = Array.from(x, (_, i) => x[i - (i % cols) + columns[i % cols]!])
  expect(Array.from(y!)).toEqual(expected)
})

test.each([-1, 3])('refuses column %i of 3', async (wrong) => {
  const run = onReference(step(2, 3), { x: new Float32Array(6), columns: Int32Array.of(0, wrong, 1) })
  await expect(run).rejects.toThrow(`column ${wrong} (entry 1) is outside the 3 columns`)
})

test('every kernel was run', () => expect(kernelsNotRun('gather_columns')).toEqual([]))
