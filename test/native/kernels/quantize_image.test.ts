import { describe, expect, test } from 'vitest'
import { quantizeImage } from '../ops/convolution-u8.js'
import { hardRows, quantizeRows } from './dynamic-codes.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

type Shape = readonly [n: number, h: number, w: number, c: number]

const elements = (shape: Shape) => shape.reduce((a, b) => a * b, 1)

/** The range, then the codes by it: each op alone, so that each one's kernels are held against their reference. */
const rangeOf =
  (shape: Shape, slices: number): Build =>
  (p) => {
    const ranges = p.intermediate('f32', shape[0], slices, 2)
    p.step('min_max', 'range', [p.input('x', 'f32', ...shape)], [ranges])
    p.output('ranges', ranges)
  }
const codesOf =
  (shape: Shape, slices: number): Build =>
  (p) => {
    const [codes, params] = [p.intermediate('u8', ...shape), p.intermediate('f32', shape[0], 2)]
    const inputs = [p.input('x', 'f32', ...shape), p.input('ranges', 'f32', shape[0], slices, 2)]
    p.step('quantize_image', 'codes', inputs, [codes, params])
    p.output('codes', codes)
    p.output('params', params)
  }

describe('the definition, on every instruction set:', () => {
  test.each<[string, Shape, number]>([
    ['one slice', [2, 5, 7, 13], 1],
    ['some slices of unequal rows', [1, 11, 6, 32], 4],
    ['a slice a row', [3, 8, 3, 100], 8],
  ])('%s', async (_, shape, slices) => {
    const x = normal(3, elements(shape), 3)
    const { ranges } = await sameOnEveryIsa(rangeOf(shape, slices), { x })
    for (let n = 0; n < shape[0]; n++) {
      const image = x.subarray((n * x.length) / shape[0], ((n + 1) * x.length) / shape[0])
      const own = ranges!.slice(2 * n * slices, 2 * (n + 1) * slices)
      expect(Math.min(...own)).toBe(Math.min(...image))
      expect(Math.max(...own)).toBe(Math.max(...image))
    }
    const found = await sameOnEveryIsa(codesOf(shape, slices), { x, ranges: ranges! })
    expect(found).toEqual(quantizeRows(x, x.length / shape[0]))
  })

  test('images of all sorts', async () => {
    const rows = hardRows(60, (seed) => normal(seed, 60))
    const x = Float32Array.from(rows.flatMap((row) => [...row]))
    const shape = [rows.length, 3, 4, 5] as const
    const { ranges } = await sameOnEveryIsa(rangeOf(shape, 2), { x })
    expect(await sameOnEveryIsa(codesOf(shape, 2), { x, ranges: ranges! })).toEqual(quantizeRows(x, 60))
  })
})

test('both ops, of a part of a tensor into a part of one', async () => {
  const x = normal(3, 35 * 40)
  const build: Build = (p) => {
    const from = p.part(p.input('x', 'f32', 1, 5, 7, 40), 5, 40, 1, 5, 7, 19)
    const ranges = p.intermediate('f32', 1, 5, 2)
    const [params, again] = [p.intermediate('f32', 1, 2), p.intermediate('f32', 1, 2)]
    const whole = p.intermediate('u8', 1, 5, 7, 38)
    p.step('min_max', 'range', [from], [ranges])
    p.step('quantize_image', 'left', [from, ranges], [p.part(whole, 0, 38, 1, 5, 7, 19), params])
    p.step('quantize_image', 'right', [from, ranges], [p.part(whole, 19, 38, 1, 5, 7, 19), again])
    p.output('codes', whole)
    p.output('params', params)
  }
  const { codes, params } = await sameOnEveryIsa(build, { x })
  const part = Float32Array.from({ length: 35 * 19 }, (_, i) => x[Math.floor(i / 19) * 40 + 5 + (i % 19)]!)
  const expected = quantizeRows(part, part.length)
  expect(params).toEqual(expected.params)
  codes!.forEach((code, i) => {
    expect(code).toBe(expected.codes[Math.floor(i / 38) * 19 + (i % 19)])
  })
})

test('the builder', async () => {
  const x = normal(5, 2 * 40 * 3 * 4)
  const build: Build = (p) => {
    const { codes, params } = quantizeImage(p, 'quantize', p.input('x', 'f32', 2, 40, 3, 4))
    p.output('codes', codes)
    p.output('params', params)
  }
  expect(await sameOnEveryIsa(build, { x })).toEqual(quantizeRows(x, x.length / 2))
})

test('refuses more slices than rows', async () => {
  const run = sameOnEveryIsa(rangeOf([1, 2, 2, 2], 3), { x: new Float32Array(8) })
  await expect(run).rejects.toThrow('2 rows cannot be cut into 3 slices')
})

test('every kernel was run', () => {
  expect(kernelsNotRun('min_max')).toEqual([])
  expect(kernelsNotRun('quantize_image')).toEqual([])
})
