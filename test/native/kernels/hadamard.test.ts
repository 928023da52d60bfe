import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number, block: number): Build =>
  (p) =>
    p.output('y', op.hadamard(p, 'rotate', p.input('x', 'f32', rows, cols), block))

const bitsOf = (i: number) => i.toString(2).replaceAll('0', '').length

test.each([
  [1, 1, 1],
  [3, 6, 2],
  [5, 576, 64],
  [2, 172, 4],
])('[%i, %i], blocks of %i: the product with the matrix', async (rows, cols, block) => {
  const x = normal(rows, rows * cols)
  const { y } = await sameOnEveryIsa(step(rows, cols, block), { x })
  y!.forEach((value, at) => {
    const col = at % cols
    const first = at - (col % block)
    let expected = 0
    for (let i = 0; i < block; i++) expected += x[first + i]! * (-1) ** bitsOf(i & (col % block))
    expect(value).toBeCloseTo(expected / Math.sqrt(block), 5)
  })
})

test('is its own inverse', async () => {
  const x = normal(7, 2 * 128)
  const { y } = await onReference(step(2, 128, 128), { x })
  const { y: back } = await onReference(step(2, 128, 128), { x: y as Float32Array })
  back!.forEach((value, i) => {
    expect(value).toBeCloseTo(x[i]!, 5)
  })
})

test.each([0, 3, 128])('refuses blocks of %i for 64 columns', async (block) => {
  const run = onReference(step(1, 64, block), { x: new Float32Array(64) })
  await expect(run).rejects.toThrow('block must be a power of two that divides 64')
})

test('every kernel was run', () => expect(kernelsNotRun('hadamard')).toEqual([]))
