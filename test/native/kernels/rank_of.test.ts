import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { integers, normal } from './random.js'

const step =
  (rows: number, cols: number): Build =>
  (p) =>
    p.output('y', op.rankOf(p, 'rank', p.input('x', 'f32', rows, cols), p.input('columns', 'i32', rows)))

test.each([1, 15, 16, 100, 49152])(
  '%i columns: counts what is greater, equals share a rank',
  async (cols) => {
    const rows = 3
    const x = normal(cols, rows * cols, 3).map(Math.round)
    const columns = integers(cols, rows, cols)
    const { y } = await sameOnEveryIsa(step(rows, cols), { x, columns })
    columns.forEach((column, row) => {
      const values = x.subarray(row * cols, (row + 1) * cols)
      expect(y![row]).toBe(1 + values.filter((v) => v > values[column]!).length)
    })
  },
)

test.each([3, 36])('a NaN in column %i of 37 gives -1', async (column) => {
  const x = normal(1, 37)
  x[column] = Number.NaN
  expect((await sameOnEveryIsa(step(1, 37), { x, columns: Int32Array.of(0) }))['y']![0]).toBe(-1)
})

test('refuses a column that is not there', async () => {
  const run = onReference(step(1, 7), { x: new Float32Array(7), columns: Int32Array.of(7) })
  await expect(run).rejects.toThrow('column 7 (row 0) is outside the 7 columns')
})

test('every kernel was run', () => expect(kernelsNotRun('rank_of')).toEqual([]))
