import { expect, test } from 'vitest'
import * as op from '../../../src/program/ops.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const step =
  (rows: number, cols: number, k: number): Build =>
  (p) => {
    const { values, columns } = op.topK(p, 'top', p.input('x', 'f32', rows, cols), k)
    p.output('values', values)
    p.output('columns', columns)
  }

async function expectSorted(x: Float32Array, rows: number, k: number) {
  const cols = x.length / rows
  const { values, columns } = await sameOnEveryIsa(step(rows, cols, k), { x })
  for (let row = 0; row < rows; row++) {
    const v = x.subarray(row * cols, (row + 1) * cols)
    const order = Array.from(v.keys()).sort((a, b) => v[b]! - v[a]! || a - b)
    expect(Array.from(columns!.subarray(row * k, (row + 1) * k))).toEqual(order.slice(0, k))
    expect(Array.from(values!.subarray(row * k, (row + 1) * k))).toEqual(order.slice(0, k).map((i) => v[i]))
  }
}

test.each([
  [1, 1],
  [20, 1],
  [20, 20],
  [1000, 5],
  [1000, 40],
  [49152, 40],
])('of %i columns the greatest %i', (cols, k) => expectSorted(normal(cols, 3 * cols), 3, k))

test('equal values in order of their columns', () => expectSorted(normal(1, 2 * 500).map(Math.round), 2, 300))

// A heatmap after its peaks were found: of equal values the first ones stay.
test('a few values among zeros', () => {
  const peaks = new Map([17, 4096, 70_001, 99_999].map((column, i) => [column, i + 1]))
  return expectSorted(
    Float32Array.from({ length: 100_000 }, (_, i) => peaks.get(i) ?? 0),
    1,
    100,
  )
})

test('ascending values, where each enters', () =>
  expectSorted(
    Float32Array.from({ length: 300 }, (_, i) => i),
    1,
    40,
  ))

test.each([2, 60, 99])('a NaN in column %i of 100 gives NaN and -1', async (column) => {
  const x = normal(1, 100)
  x[column] = Number.NaN
  const { values, columns } = await sameOnEveryIsa(step(1, 100, 4), { x })
  expect(Array.from(values!)).toEqual(Array(4).fill(Number.NaN))
  expect(Array.from(columns!)).toEqual([-1, -1, -1, -1])
})

test('refuses more than there are columns', async () => {
  await expect(onReference(step(1, 3, 4), { x: new Float32Array(3) })).rejects.toThrow(
    'K must be between 1 and the 3 columns, got 4',
  )
})

test('every kernel was run', () => expect(kernelsNotRun('top_k')).toEqual([]))
