import { describe, expect, test } from 'vitest'
import { conv2dDynamicPacked } from '../ops/convolution-u8.js'
import { load } from '../quant/loaded.js'
import { type Case, caseOf, columnsOf } from './convolution-case.js'
import { convolutionWalk } from './float-convolution.js'
import { between, loadCodes, randomWeights } from './integer-convolution.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'
import {
  loadPacked,
  packedInputsOf,
  packedOperandsOf,
  packedResult,
  packedValuesOf,
  rowsOf,
} from './packed-convolution.js'
import { uniform } from './random.js'

const buildOf =
  (c: Case, rows: number, bounds?: { lo: number; hi: number }): Build =>
  (p) => {
    const [operands, y] = [packedOperandsOf(p, c, rows), p.intermediate('f32', ...c.y)]
    p.output('y', conv2dDynamicPacked(p, 'conv', operands, c.window, y, bounds))
  }

const pixelsOf = ({ x }: Case) => x[0] * x[1] * x[2]

async function expectDefinition(c: Case, rows: number, bits: 4 | 2, groupSize: number) {
  const values = packedValuesOf(c, rows, bits, groupSize)
  const weights = await loadPacked(c, values.weight)
  const { y } = await sameOnEveryIsa(buildOf(c, rows), packedInputsOf(values), weights)
  expect(y).toEqual(packedResult(convolutionWalk, c, values, rowsOf(c, rows)))
}

const kinds = [
  [4, 64],
  [4, -1],
  [2, 16],
  [2, 128],
] as const

describe.each(kinds)(
  'the definition, on every instruction set, %d bits in groups of %d:',
  (bits, groupSize) => {
    const pointwise: [string, Case][] = [
      ['pointwise, odd channels', caseOf([1, 5, 7, 5], 19, [1, 1])],
      ['pointwise, two images, several blocks', caseOf([2, 20, 11, 96], 80, [1, 1])],
      ['one pixel', caseOf([1, 1, 1, 72], 150, [1, 1])],
    ]
    test.each<[string, Case, number]>([
      ...pointwise.map(([name, c]): [string, Case, number] => [`${name}, by pixel`, c, pixelsOf(c)]),
      ...pointwise.map(([name, c]): [string, Case, number] => [`${name}, by image`, c, c.x[0]]),
      ['pointwise of stride 2', caseOf([2, 9, 8, 40], 33, [1, 1], [2, 2]), 2],
      ['3 x 3 whose groups span taps', caseOf([2, 12, 10, 20], 20, [3, 3], [1, 1], [1, 1, 1, 1]), 2],
      ['3 x 3 of RGB', caseOf([3, 9, 9, 3], 16, [3, 3], [2, 2], [0, 0, 1, 1]), 3],
      ['dilated', caseOf([1, 11, 13, 33], 17, [3, 2], [1, 2], [2, 1, 2, 1], [2, 3]), 1],
    ])('%s', (_, c, rows) => expectDefinition(c, rows, bits, groupSize))
  },
)

test('random shapes, windows, strides, dilations, padding and groups', async () => {
  const random = uniform(1)
  const any = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  for (let i = 0; i < 30; i++) {
    const [size, dilation] = [[any(1, 4), any(1, 3)] as const, [any(1, 2), any(1, 3)] as const]
    const need = (axis: 0 | 1) => (size[axis] - 1) * dilation[axis] + 1
    const x = [any(1, 2), need(0) + any(0, 6), need(1) + any(0, 9), any(1, 50)] as const
    const pad = [any(0, 2), any(0, 2), any(0, 2), any(0, 2)] as const
    const c = caseOf(x, any(1, 70), size, [any(1, 3), any(1, 3)], pad, dilation)
    await expectDefinition(c, x[0], any(0, 1) ? 4 : 2, [16, 32, 64, 128, -1][any(0, 4)]!)
  }
})

test('bounds', async () => {
  const c = caseOf([1, 5, 7, 40], 19, [1, 1])
  const values = packedValuesOf(c, 1, 4, 32)
  const weights = await loadPacked(c, values.weight)
  const { y: free } = await onReference(buildOf(c, 1), packedInputsOf(values), weights)
  const { y } = await sameOnEveryIsa(buildOf(c, 1, { lo: 0, hi: 6 }), packedInputsOf(values), weights)
  expect(y).toEqual((free as Float32Array).map((v) => Math.min(Math.max(v, 0), 6)))
  expect(free!.some((v) => v < 0) && free!.some((v) => v > 6)).toBe(true)
})

test('a NaN shows', async () => {
  const c = caseOf([1, 5, 7, 5], 19, [1, 1])
  const values = packedValuesOf(c, 35, 4, -1)
  values.params[2 * 8] = Number.NaN
  const weights = await loadPacked(c, values.weight)
  const { y } = await sameOnEveryIsa(buildOf(c, 35, { lo: 0, hi: 6 }), packedInputsOf(values), weights)
  y!.forEach((v, i) => {
    expect(Number.isNaN(v)).toBe(Math.floor(i / 19) === 8)
  })
})

test('the greatest sums of codes fit', async () => {
  const c = caseOf([1, 2, 5, 256], 18, [1, 1])
  for (const [code, zero] of [
    [15, 0],
    [0, 15],
  ] as const) {
    const values = packedValuesOf(c, 10, 4, -1)
    values.x.fill(255)
    values.weight.codes.fill(code)
    values.weight.zeros.fill(zero)
    const weights = await loadPacked(c, values.weight)
    const { y } = await sameOnEveryIsa(buildOf(c, 10), packedInputsOf(values), weights)
    expect(y).toEqual(packedResult(convolutionWalk, c, values, rowsOf(c, 10)))
  }
})

test('fused steps', async () => {
  const c = caseOf([1, 5, 7, 5], 35, [1, 1])
  const values = packedValuesOf(c, 35, 2, 32)
  const weights = await loadPacked(c, values.weight)
  const { y: plain } = await onReference(buildOf(c, 35), packedInputsOf(values), weights)
  const other = between(11, plain!.length, -5, 5)
  const build: Build = (p) => {
    const [operands, y] = [packedOperandsOf(p, c, 35), p.intermediate('f32', ...c.y)]
    const fused = [
      { op: 'add', operand: p.input('other', 'f32', ...c.y) },
      { op: 'clamp', attributes: { lo: 0, hi: 6 } },
    ]
    p.output('y', conv2dDynamicPacked(p, 'conv', operands, c.window, y, undefined, fused))
  }
  const { y } = await sameOnEveryIsa(build, { ...packedInputsOf(values), other }, weights)
  expect(y).toEqual(
    (plain as Float32Array).map((v, i) => Math.min(Math.max(Math.fround(v + other[i]!), 0), 6)),
  )
})

describe('refuses', () => {
  const c = caseOf([1, 5, 7, 32], 19, [1, 1])
  const values = packedValuesOf(c, 1, 4, 32)
  const { weight } = values

  test('parameters of rows that it does not have', async () => {
    const window = caseOf([1, 5, 7, 32], 19, [3, 3])
    const wide = packedValuesOf(window, 1, 4, 32)
    const many = { ...packedInputsOf(wide), params: new Float32Array(70) }
    const run = onReference(buildOf(window, 35), many, await loadPacked(window, wide.weight))
    await expect(run).rejects.toThrow('35 rows, and not for 1 images')
  })

  test('zero points that are no codes', async () => {
    const zeros = weight.zeros.with(7, 16)
    const run = onReference(buildOf(c, 1), packedInputsOf(values), await loadPacked(c, { ...weight, zeros }))
    await expect(run).rejects.toThrow('a zero point of the weight is 16, and not in 0 to 15')
  })

  test('offsets', async () => {
    const { zeros: _, ...rest } = weight
    const source = { kind: 'quantized', ...rest, offsets: weight.scales, rows: 19, cols: 32 } as const
    const { handle } = await load(source, { kind: 'native' })
    const run = onReference(buildOf(c, 1), packedInputsOf(values), new Map([['w', handle]]))
    await expect(run).rejects.toThrow("the weight's groups have offsets, and not zero points")
  })

  test('weights of 8 bits', async () => {
    const handle = await loadCodes(c, randomWeights(4, 19 * columnsOf(c)), 32)
    const run = onReference(buildOf(c, 1), packedInputsOf(values), new Map([['w', handle]]))
    await expect(run).rejects.toThrow('the weight is not of codes of 4 or 2 bits')
  })
})

test('every kernel was run', () => expect(kernelsNotRun('conv2d_dynamic_packed')).toEqual([]))
