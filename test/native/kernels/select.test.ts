import { expect, test } from 'vitest'
import { type ActivationType, select } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

type Shape = readonly number[]

const step =
  (dtype: ActivationType, condition: Shape, a: Shape, b: Shape): Build =>
  (p) => {
    const [left, right] = [p.input('a', dtype, ...a), p.input('b', dtype, ...b)]
    p.output('y', select(p, 'select', p.input('condition', 'u8', ...condition), left, right))
  }

const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array }

test.each(['f32', 'i32', 'u8'] as const)('%s of one shape', async (dtype) => {
  const make = (first: number) => new arrays[dtype](Array.from({ length: 5000 }, (_, i) => first + (i % 99)))
  const condition = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 3)
  const [a, b] = [make(0), make(100)]
  const { y } = await sameOnEveryIsa(step(dtype, [5000], [5000], [5000]), { condition, a, b })
  expect(Array.from(y!)).toEqual(Array.from(condition, (c, i) => (c ? a[i] : b[i])))
})

test('a condition for each row, and one value where it does not hold', async () => {
  const condition = Uint8Array.of(0, 1, 255)
  const a = Float32Array.from({ length: 12 }, (_, i) => i)
  const { y } = await sameOnEveryIsa(step('f32', [3, 1], [3, 4], []), {
    condition,
    a,
    b: Float32Array.of(-1),
  })
  expect(Array.from(y!)).toEqual([-1, -1, -1, -1, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('shapes that do not broadcast are refused', async () => {
  const inputs = { condition: new Uint8Array(2), a: new Float32Array(3), b: new Float32Array(3) }
  await expect(onReference(step('f32', [2], [3], [3]), inputs)).rejects.toThrow(
    'an operand does not broadcast',
  )
})

test('every kernel was run', () => expect(kernelsNotRun('select')).toEqual([]))
