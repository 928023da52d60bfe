import { expect, test } from 'vitest'
import { dequantize } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

const { fround } = Math

const step =
  (shape: readonly number[], scale: number, zero: number): Build =>
  (p) =>
    p.output('y', dequantize(p, 'real', p.input('x', 'u8', ...shape), { scale, zero }))

test.each([
  [[256], 0.0235, 0],
  [[256], 1e-9, 255],
  [[3, 5, 21], 0.1, 128],
  [[2, 5000], 3.7, 17],
])('every code, %o, scale %f, zero point %i', async (shape, scale, zero) => {
  const count = shape.reduce((product, size) => product * size, 1)
  const x = Uint8Array.from({ length: count }, (_, i) => i * 7)
  const { y } = await sameOnEveryIsa(step(shape, scale, zero), { x })
  expect(Array.from(y!)).toEqual(Array.from(x, (code) => fround(fround(scale) * (code - zero))))
})

test('of a part of a tensor', async () => {
  const build: Build = (p) => {
    const part = p.part(p.input('x', 'u8', 9, 30), 5, 30, 9, 17)
    p.output('y', dequantize(p, 'real', part, { scale: 0.25, zero: 100 }))
  }
  const x = Uint8Array.from({ length: 270 }, (_, i) => i * 11)
  const { y } = await sameOnEveryIsa(build, { x })
  const expected = Array.from({ length: 153 }, (_, i) => {
    return 0.25 * (x[Math.floor(i / 17) * 30 + 5 + (i % 17)]! - 100)
  })
  expect(Array.from(y!)).toEqual(expected)
})

test('a zero point that is no code is refused', async () => {
  const x = new Uint8Array(2)
  await expect(onReference(step([2], 1, -1), { x })).rejects.toThrow('zero must be an integer from 0 to 255')
})

test('every kernel was run', () => expect(kernelsNotRun('dequantize')).toEqual([]))
