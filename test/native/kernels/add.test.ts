import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number): Build =>
  (p) =>
    p.output('y', op.add(p, 'residual', p.input('a', 'f32', rows, cols), p.input('b', 'f32', rows, cols)))

// 16384 elements are a work item.
test.each([
  [1, 1],
  [2, 15],
  [5, 64],
  [9, 4099],
])('[%i, %i]: the float sum', async (rows, cols) => {
  const a = normal(1, rows * cols)
  const b = normal(2, rows * cols)
  a[0] = Number.NaN
  const { y } = await sameOnEveryIsa(step(rows, cols), { a, b })
  expect(y!.every((sum, i) => Object.is(sum, Math.fround(a[i]! + b[i]!)))).toBe(true)
})

test('every kernel was run', () => expect(kernelsNotRun('add')).toEqual([]))
