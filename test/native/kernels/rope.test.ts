import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number, half: number, headDim = 2 * half): Build =>
  (p) => {
    const [cos, sin] = [p.input('cos', 'f32', rows, half), p.input('sin', 'f32', rows, half)]
    p.output('y', op.rope(p, 'rope', p.input('x', 'f32', rows, cols), cos, sin, headDim))
  }

test.each([
  [1, 1],
  [4, 8],
  [8, 3],
  [20, 1],
  [32, 9],
  [64, 2],
])('half a head of %i, %i heads: turns each pair by its angle', async (half, heads) => {
  const rows = 3
  const cols = heads * 2 * half
  const x = normal(half, rows * cols)
  const angles = normal(heads, rows * half, 10)
  const { y } = await sameOnEveryIsa(step(rows, cols, half), {
    x,
    cos: angles.map(Math.cos),
    sin: angles.map(Math.sin),
  })
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < half; i++) {
        const [first, second] = [row * cols + head * 2 * half + i, row * cols + head * 2 * half + half + i]
        const angle = angles[row * half + i]!
        expect(y![first]).toBeCloseTo(x[first]! * Math.cos(angle) - x[second]! * Math.sin(angle), 5)
        expect(y![second]).toBeCloseTo(x[second]! * Math.cos(angle) + x[first]! * Math.sin(angle), 5)
      }
    }
  }
})

test('the heads must fit the cosines and the columns', async () => {
  const inputs = { x: new Float32Array(12), cos: new Float32Array(4), sin: new Float32Array(4) }
  await expect(onReference(step(1, 12, 4), inputs)).rejects.toThrow(
    '12 columns are not a whole number of heads of 8',
  )
  await expect(onReference(step(1, 12, 4, 6), inputs)).rejects.toThrow('head_dim must be twice the 4 columns')
})

test('every kernel was run', () => expect(kernelsNotRun('rope')).toEqual([]))
