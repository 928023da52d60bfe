import { describe, expect, test } from 'vitest'
import { conv2dDynamic, tapColumns } from '../ops/convolution-u8.js'
import { type Case, caseOf } from './convolution-case.js'
import { convolutionWalk } from './float-convolution.js'
import {
  between,
  dequantized,
  dynamicOperandsOf,
  dynamicValuesOf,
  loadCodes,
  sums,
} from './integer-convolution.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

const buildOf =
  (c: Case, rows: number, bounds?: { lo: number; hi: number }): Build =>
  (p) => {
    const [operands, y] = [dynamicOperandsOf(p, c, rows), p.intermediate('f32', ...c.y)]
    p.output('y', conv2dDynamic(p, 'conv', operands, c.window, y, bounds))
  }

const inputsOf = ({ x, params, weightScale, bias }: ReturnType<typeof dynamicValuesOf>) => ({
  x,
  params,
  weightScale,
  bias,
})

const weightsOf = async (c: Case, weight: Int8Array) =>
  new Map([['w', await loadCodes(c, weight, tapColumns(c.x[3], c.window))]])

const pixelsOf = ({ x }: Case) => x[0] * x[1] * x[2]

describe('the definition, on every instruction set:', () => {
  const pointwise: [string, Case][] = [
    ['pointwise', caseOf([1, 5, 7, 5], 19, [1, 1])],
    ['pointwise, two images, several blocks', caseOf([2, 20, 11, 32], 80, [1, 1])],
    ['one pixel', caseOf([1, 1, 1, 72], 150, [1, 1])],
  ]
  test.each<[string, Case, number]>([
    ...pointwise.map(([name, c]): [string, Case, number] => [`${name}, by pixel`, c, pixelsOf(c)]),
    ...pointwise.map(([name, c]): [string, Case, number] => [`${name}, by image`, c, c.x[0]]),
    ['3 x 3, two images', caseOf([2, 12, 10, 20], 20, [3, 3], [1, 1], [1, 1, 1, 1]), 2],
    ['3 x 3 of RGB, three images', caseOf([3, 9, 9, 3], 16, [3, 3], [2, 2], [0, 0, 1, 1]), 3],
  ])('%s', async (_, c, rows) => {
    const values = dynamicValuesOf(c, rows)
    const { params } = values
    const { y } = await sameOnEveryIsa(buildOf(c, rows), inputsOf(values), await weightsOf(c, values.weight))
    const byPixel = rows !== c.x[0]
    const row = ([n, h, w]: readonly [number, number, number]) =>
      byPixel ? (n * c.x[1] + h) * c.x[2] + w : n
    const sum = sums(convolutionWalk, c, {
      ...values,
      xZero: (place) => params[2 * row(place) + 1]!,
      wZero: 0,
    })
    const scale = (pixel: number) => params[2 * (byPixel ? pixel : Math.floor(pixel / (c.y[1] * c.y[2])))]!
    expect(y).toEqual(dequantized(sum, scale, values.weightScale, values.bias))
  })
})

test('bounds', async () => {
  const c = caseOf([1, 5, 7, 5], 19, [1, 1])
  const values = dynamicValuesOf(c, 1)
  const weights = await weightsOf(c, values.weight)
  const { y: free } = await onReference(buildOf(c, 1), inputsOf(values), weights)
  const { y } = await sameOnEveryIsa(buildOf(c, 1, { lo: 0, hi: 6 }), inputsOf(values), weights)
  expect(y).toEqual((free as Float32Array).map((v) => Math.min(Math.max(v, 0), 6)))
  expect(free!.some((v) => v < 0) && free!.some((v) => v > 6)).toBe(true)
})

test('a NaN shows', async () => {
  const c = caseOf([1, 5, 7, 5], 19, [1, 1])
  const values = dynamicValuesOf(c, 35)
  values.params[2 * 8] = Number.NaN
  const weights = await weightsOf(c, values.weight)
  const { y } = await sameOnEveryIsa(buildOf(c, 35, { lo: 0, hi: 6 }), inputsOf(values), weights)
  y!.forEach((v, i) => {
    expect(Number.isNaN(v)).toBe(Math.floor(i / 19) === 8)
  })
})

test('zeros that are no codes are cut', async () => {
  const c = caseOf([1, 5, 7, 5], 19, [1, 1])
  const values = dynamicValuesOf(c, 35)
  const weights = await weightsOf(c, values.weight)
  const wrong = values.params.map((v, i) => (i % 2 ? [-3, 300, Number.NaN][i % 3]! : v))
  const cut = wrong.map((v, i) => (i % 2 ? Math.min(Math.max(v || 0, 0), 255) : v))
  const { y } = await sameOnEveryIsa(buildOf(c, 35), { ...inputsOf(values), params: wrong }, weights)
  expect(y).toEqual((await onReference(buildOf(c, 35), { ...inputsOf(values), params: cut }, weights))['y'])
})

test('refuses parameters of rows that it does not have', async () => {
  const c = caseOf([1, 5, 7, 5], 19, [3, 3])
  const values = dynamicValuesOf(c, 1)
  const many = { ...inputsOf(values), params: new Float32Array(70) }
  const run = onReference(buildOf(c, 35), many, await weightsOf(c, values.weight))
  await expect(run).rejects.toThrow('35 rows, and not for 1 images')
})

test('fused steps', async () => {
  const c = caseOf([1, 5, 7, 5], 35, [1, 1])
  const values = dynamicValuesOf(c, 35)
  const weights = await weightsOf(c, values.weight)
  const { y: plain } = await onReference(buildOf(c, 35), inputsOf(values), weights)
  const other = between(11, plain!.length, -5, 5)
  const build: Build = (p) => {
    const [operands, y] = [dynamicOperandsOf(p, c, 35), p.intermediate('f32', ...c.y)]
    const fused = [
      { op: 'add', operand: p.input('other', 'f32', ...c.y) },
      { op: 'clamp', attributes: { lo: 0, hi: 6 } },
    ]
    p.output('y', conv2dDynamic(p, 'conv', operands, c.window, y, undefined, fused))
  }
  const { y } = await sameOnEveryIsa(build, { ...inputsOf(values), other }, weights)
  expect(y).toEqual(
    (plain as Float32Array).map((v, i) => Math.min(Math.max(Math.fround(v + other[i]!), 0), 6)),
  )
})

test('every kernel was run', () => expect(kernelsNotRun('conv2d_dynamic')).toEqual([]))
