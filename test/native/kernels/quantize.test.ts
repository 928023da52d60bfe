import { expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../src/program/builder.js'
import { quantize } from '../ops/elementwise.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const { fround } = Math

const step =
  (shape: readonly number[], scale: number, zero: number, rounding: 'layer' | 'input'): Build =>
  (p) =>
    p.output('y', quantize(p, 'quantize', p.input('x', 'f32', ...shape), { scale, zero }, rounding))

const roundToEven = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))

/** docs/detector-arithmetic.md */
function code(x: number, scale: number, zero: number, rounding: 'layer' | 'input'): number {
  const s = fround(scale)
  const rounded =
    rounding === 'layer'
      ? roundToEven(fround(x * fround(1 / s))) + zero
      : roundToEven(fround(fround(x / s) + zero))
  return Number.isNaN(rounded) ? 0 : Math.min(Math.max(rounded, 0), 255)
}

test.each<[readonly number[], number, number, 'layer' | 'input']>([
  [[1, 1], 0.03, 128, 'layer'],
  [[3, 5, 21], 0.0235, 0, 'layer'],
  [[3, 5, 21], 0.0235, 255, 'input'],
  [[9000], 1 / 127, 3, 'input'],
  [[33, 300], 1 / 127, 130, 'layer'],
])('%o, scale %f, zero point %i, as a %s', async (shape, scale, zero, rounding) => {
  const count = shape.reduce((product, size) => product * size, 1)
  const x = normal(1, count)
  const { y } = await sameOnEveryIsa(step(shape, scale, zero, rounding), { x })
  expect(Array.from(y!)).toEqual(Array.from(x, (v) => code(v, scale, zero, rounding)))
})

test.each(['layer', 'input'] as const)('halves, and what is out of range, as a %s', async (rounding) => {
  const huge = [3e38, -3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0]
  const x = Float32Array.from([...huge, ...Array.from({ length: 1200 }, (_, i) => (i - 600) / 4)])
  const { y } = await sameOnEveryIsa(step([x.length], 0.5, 101, rounding), { x })
  expect(Array.from(y!)).toEqual(Array.from(x, (v) => code(v, 0.5, 101, rounding)))
})

test('the two roundings differ next to halves', async () => {
  const x = Float32Array.from({ length: 100_000 }, (_, i) => i / 1000)
  const { y: layer } = await onReference(step([x.length], 0.3, 7, 'layer'), { x })
  const { y: input } = await onReference(step([x.length], 0.3, 7, 'input'), { x })
  expect(layer).not.toEqual(input)
})

test('a part of a concatenation', async () => {
  const build: Build = (p: ProgramBuilder) => {
    const whole = p.intermediate('u8', 7, 30)
    for (const [i, offset] of [0, 11].entries()) {
      const columns = i === 0 ? 11 : 19
      const into = p.part(whole, offset, 30, 7, columns)
      quantize(p, 'part', p.input(`x${i}`, 'f32', 7, columns), { scale: 0.1, zero: 9 }, 'layer', { into })
    }
    p.output('y', whole)
  }
  const [x0, x1] = [normal(1, 77), normal(2, 133)]
  const { y } = await sameOnEveryIsa(build, { x0, x1 })
  const expected = Array.from({ length: 210 }, (_, i) => {
    const [row, column] = [Math.floor(i / 30), i % 30]
    return code(column < 11 ? x0[row * 11 + column]! : x1[row * 19 + column - 11]!, 0.1, 9, 'layer')
  })
  expect(Array.from(y!)).toEqual(expected)
})

test.each([
  [0, 0, 'scale must be a positive number whose inverse is finite'],
  [1e-45, 0, 'scale must be a positive number whose inverse is finite'],
  [1, 256, 'zero must be an integer from 0 to 255'],
  [1, 0.5, 'zero must be an integer from 0 to 255'],
])('scale %f with zero %f is refused', async (scale, zero, message) => {
  const x = new Float32Array(2)
  await expect(onReference(step([2], scale, zero, 'layer'), { x })).rejects.toThrow(message)
})

test('every kernel was run', () => expect(kernelsNotRun('quantize')).toEqual([]))
