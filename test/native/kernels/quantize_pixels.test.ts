import { describe, expect, test } from 'vitest'
import { quantizePixels } from '../ops/convolution-u8.js'
import { hardRows, quantizeRows } from './dynamic-codes.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import { normal } from './random.js'

const build =
  (...shape: [number, number, number, number]): Build =>
  (p) => {
    const { codes, params } = quantizePixels(p, 'quantize', p.input('x', 'f32', ...shape))
    p.output('codes', codes)
    p.output('params', params)
  }

describe('the definition, on every instruction set:', () => {
  test.each([1, 3, 16, 24, 64, 100, 131])('%i channels', async (channels) => {
    const rows = hardRows(channels, (seed) => normal(seed, channels))
    const x = Float32Array.from(rows.flatMap((row) => [...row]))
    const found = await sameOnEveryIsa(build(1, 2, rows.length / 2, channels), { x })
    expect(found).toEqual(quantizeRows(x, channels))
  })
})

test('infinities give scales that show them', async () => {
  const x = Float32Array.of(1, Number.POSITIVE_INFINITY, -1, 2)
  const { params } = await sameOnEveryIsa(build(1, 1, 1, 4), { x })
  expect(params![0]).toBe(Number.POSITIVE_INFINITY)
})

test('reads and writes parts of tensors', async () => {
  const x = normal(3, 35 * 40)
  const parts: Build = (p) => {
    const whole = p.input('x', 'f32', 1, 5, 7, 40)
    const codes = p.intermediate('u8', 1, 5, 7, 30)
    const [params, others] = [p.intermediate('f32', 35, 2), p.intermediate('f32', 35, 2)]
    const from = p.part(whole, 5, 40, 1, 5, 7, 19)
    p.step('quantize_pixels', 'first', [from], [p.part(codes, 0, 30, 1, 5, 7, 19), params])
    const other = p.part(whole, 29, 40, 1, 5, 7, 11)
    p.step('quantize_pixels', 'second', [other], [p.part(codes, 19, 30, 1, 5, 7, 11), others])
    p.output('codes', codes)
    p.output('params', params)
    p.output('others', others)
  }
  const { codes, params, others } = await sameOnEveryIsa(parts, { x })
  const cut = (from: number, channels: number) =>
    quantizeRows(
      Float32Array.from(
        { length: 35 * channels },
        (_, i) => x[Math.floor(i / channels) * 40 + from + (i % channels)]!,
      ),
      channels,
    )
  const [first, second] = [cut(5, 19), cut(29, 11)]
  expect(params).toEqual(first.params)
  expect(others).toEqual(second.params)
  expect(codes!.slice(30 * 8, 30 * 9)).toEqual(
    Uint8Array.of(...first.codes.slice(19 * 8, 19 * 9), ...second.codes.slice(11 * 8, 11 * 9)),
  )
})

test('refuses parameters of other pixels', async () => {
  const wrong: Build = (p) => {
    const [codes, params] = [p.intermediate('u8', 1, 2, 2, 4), p.intermediate('f32', 3, 2)]
    p.step('quantize_pixels', 'q', [p.input('x', 'f32', 1, 2, 2, 4)], [codes, params])
    p.output('codes', codes)
  }
  await expect(onReference(wrong, { x: new Float32Array(16) })).rejects.toThrow('of 3 pixels, and not of 4')
})

test('every kernel was run', () => expect(kernelsNotRun('quantize_pixels')).toEqual([]))
