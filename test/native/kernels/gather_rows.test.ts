import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step: Build = (p) =>
  p.output('y', op.gatherRows(p, 'last', p.input('x', 'f32', 5, 37), p.input('rows', 'i32', 3)))

test('copies rows in the order asked for, some twice', async () => {
  const x = normal(1, 5 * 37)
  const { y } = await sameOnEveryIsa(step, { x, rows: Int32Array.of(4, 0, 4) })
  const row = (i: number) => Array.from(x.subarray(i * 37, (i + 1) * 37))
  expect(Array.from(y!)).toEqual([...row(4), ...row(0), ...row(4)])
})

test.each([-1, 5])('refuses row %i of 5', async (wrong) => {
  const run = onReference(step, { x: new Float32Array(5 * 37), rows: Int32Array.of(0, wrong, 1) })
  await expect(run).rejects.toThrow(`row ${wrong} (entry 1) is outside the 5 rows`)
})

test('every kernel was run', () => expect(kernelsNotRun('gather_rows')).toEqual([]))
