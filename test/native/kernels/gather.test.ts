import { expect, test } from 'vitest'
import type { ActivationType } from '../ops/elementwise.js'
import { gather } from '../ops/movement.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { integers } from './random.js'

const step =
  (dtype: ActivationType, shape: readonly number[], rows: number): Build =>
  (p) =>
    p.output('y', gather(p, 'gather', p.input('x', dtype, ...shape), p.input('indices', 'i32', rows)))

const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array }

test.each(
  (['f32', 'i32', 'u8'] as const).flatMap((dtype) =>
    [
      [1, 9, 1],
      [3, 7, 5],
      [2, 40, 33],
    ].map((shape) => [dtype, shape] as const),
  ),
)('%s %o', async (dtype, shape) => {
  const [outer, extent, inner] = shape as [number, number, number]
  const x = new arrays[dtype](Array.from({ length: outer * extent * inner }, (_, i) => i % 251))
  const indices = integers(1, 20, extent)
  const { y } = await sameOnEveryIsa(step(dtype, shape, 20), { x, indices })
  const expected = Array.from({ length: outer }, (_, o) =>
    Array.from(indices, (index) => {
      const from = (o * extent + index) * inner
      return Array.from(x.subarray(from, from + inner))
    }),
  )
  expect(Array.from(y!)).toEqual(expected.flat(2))
})

test.each([-1, 4])('index %i of 4 slices is refused', async (index) => {
  const inputs = { x: new Float32Array(8), indices: Int32Array.of(0, index) }
  await expect(onReference(step('f32', [1, 4, 2], 2), inputs)).rejects.toThrow(
    `index ${index} (entry 1) is outside the 4 slices`,
  )
})

test('every kernel was run', () => expect(kernelsNotRun('gather')).toEqual([]))
