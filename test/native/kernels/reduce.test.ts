import { expect, test } from 'vitest'
import { reduce } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

type Kind = Parameters<typeof reduce>[2]

const step =
  (kind: Kind, shape: readonly number[], axis: number): Build =>
  (p) =>
    p.output('y', reduce(p, kind, kind, p.input('x', 'f32', ...shape), axis))

const functions: Readonly<Record<Kind, (values: readonly number[]) => number>> = {
  mean: (values) => values.reduce((sum, v) => sum + v, 0) / values.length,
  sum: (values) => values.reduce((sum, v) => sum + v, 0),
  reduce_max: (values) => Math.max(...values),
  reduce_min: (values) => Math.min(...values),
}

const kinds = Object.keys(functions) as Kind[]

test.each(kinds)('%s along each axis', async (kind) => {
  const shape = [3, 4, 5, 6]
  const x = normal(1, 360)
  for (let axis = 0; axis < 4; axis++) {
    const { y } = await sameOnEveryIsa(step(kind, shape, axis), { x })
    const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1)
    const expected = Array.from({ length: 360 / shape[axis]! }, (_, i) => {
      const first = Math.floor(i / inner) * inner * shape[axis]! + (i % inner)
      return Math.fround(
        functions[kind](Array.from({ length: shape[axis]! }, (_, r) => x[first + r * inner]!)),
      )
    })
    expect(Array.from(y!)).toEqual(expected)
  }
})

test.each(kinds)('%s of a part of a tensor, from the last axis counted', async (kind) => {
  const build: Build = (p) => {
    const part = p.part(p.input('x', 'f32', 5, 9), 3, 9, 5, 4)
    const y = p.intermediate('f32', 5, 1)
    p.step('reduce', kind, [part], [y], { kind: kinds.indexOf(kind) })
    p.output('y', y)
  }
  const x = normal(1, 45)
  const { y } = await sameOnEveryIsa(build, { x })
  const rows = Array.from({ length: 5 }, (_, row) => Array.from(x.subarray(row * 9 + 3, row * 9 + 7)))
  expect(Array.from(y!)).toEqual(rows.map((row) => Math.fround(functions[kind](row))))
})

test.each(kinds)('%s with a NaN is NaN', async (kind) => {
  const { y } = await sameOnEveryIsa(step(kind, [1, 3], 1), { x: Float32Array.of(1, Number.NaN, 5) })
  expect(y![0]).toBeNaN()
})

test('an axis that there is not is refused', async () => {
  const build: Build = (p) => {
    const y = p.intermediate('f32', 2)
    p.step('reduce', 'mean', [p.input('x', 'f32', 2)], [y], { kind: 0, axis: 1 })
    p.output('y', y)
  }
  await expect(onReference(build, { x: new Float32Array(2) })).rejects.toThrow(
    "axis must be one of the input's 1",
  )
})

test('every kernel was run', () => expect(kernelsNotRun('reduce')).toEqual([]))
