import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../src/program/builder.js'
import { conv2dU8, tapColumns, type U8Convolution } from '../../../src/program/convolution-u8-ops.js'
import { type Case, columnsOf, convolutionWalk, elements, type Shape } from './float-convolution.js'
import { between, loadCodes, randomCodes, randomWeights, requantized, sums } from './integer-convolution.js'
import { type Build, sameOnEveryIsa } from './one-step.js'
import { integers } from './random.js'

type Pair = readonly [number, number]

/** `pad` top, left, bottom, right. */
function caseOf(
  x: Shape,
  outputs: number,
  size: Pair,
  stride: Pair = [1, 1],
  [top, left, bottom, right]: readonly [number, number, number, number] = [0, 0, 0, 0],
  dilation: Pair = [1, 1],
): Case {
  const count = (axis: 0 | 1, pad: number) =>
    Math.floor((x[1 + axis]! + pad - (size[axis] - 1) * dilation[axis] - 1) / stride[axis]) + 1
  return {
    x,
    y: [x[0], count(0, top + bottom), count(1, left + right), outputs],
    window: { size, stride, dilation, pad: { top, left } },
  }
}

function operandsOf(p: ProgramBuilder, c: Case): U8Convolution {
  return {
    x: p.input('x', 'u8', ...c.x),
    weight: p.weight('w', c.y[3], columnsOf(c)),
    bias: p.input('bias', 'i32', c.y[3]),
    multiplier: p.input('multiplier', 'f32', c.y[3]),
  }
}

interface Setting {
  readonly xZero: number
  readonly wZero: number
  readonly yZero: number
  readonly lo: number
  readonly hi: number
  readonly tapCols?: number
}
const usual: Setting = { xZero: 119, wZero: 0, yZero: 131, lo: 0, hi: 255 }

function valuesOf(c: Case) {
  const outputs = c.y[3]
  // Results spread over all codes and somewhat beyond.
  const typical = 1 / (40 * Math.sqrt(columnsOf(c)))
  return {
    x: randomCodes(3, elements(c.x)),
    weight: randomWeights(4, outputs * columnsOf(c)),
    bias: Int32Array.from(integers(5, outputs, 20_000), (b) => b - 10_000),
    multiplier: between(6, outputs, typical / 3, typical),
  }
}

async function check(c: Case, setting: Setting, values = valuesOf(c)) {
  const { xZero, wZero, yZero, lo, hi } = setting
  const handle = await loadCodes(c, values.weight, setting.tapCols ?? tapColumns(c.x[3], c.window))
  const build: Build = (p) => {
    const y = p.intermediate('u8', ...c.y)
    const zeros = { x: xZero, w: wZero, y: yZero }
    p.output('y', conv2dU8(p, 'conv', operandsOf(p, c), c.window, zeros, y, { lo, hi }))
  }
  const inputs = { x: values.x, bias: values.bias, multiplier: values.multiplier }
  const { y } = await sameOnEveryIsa(build, inputs, new Map([['w', handle]]))
  const sum = sums(convolutionWalk, c, { ...values, xZero: () => xZero, wZero })
  expect(y).toEqual(requantized(sum, { ...values, lo, hi }, yZero))
  return y!
}

const cases: [string, Case][] = [
  ['pointwise, channels that fill no chunk and no panel', caseOf([1, 5, 7, 5], 19, [1, 1])],
  ['pointwise, pairs of panels and one more, several blocks', caseOf([1, 20, 21, 32], 80, [1, 1])],
  ['pointwise, many channels', caseOf([2, 3, 5, 700], 33, [1, 1])],
  ['pointwise of stride 2', caseOf([1, 8, 9, 64], 16, [1, 1], [2, 2])],
  ['3 x 3, same', caseOf([1, 13, 11, 24], 35, [3, 3], [1, 1], [1, 1, 1, 1])],
  ['3 x 3, two images, stride 2', caseOf([2, 12, 10, 20], 20, [3, 3], [2, 2], [0, 0, 1, 1])],
  ['3 x 3, odd channels', caseOf([1, 6, 6, 65], 33, [3, 3], [1, 1], [1, 1, 1, 1])],
  ['3 x 3, dilated', caseOf([1, 11, 12, 8], 7, [3, 3], [1, 1], [2, 3, 2, 3], [2, 3])],
  ['3 x 3, dilated, odd channels', caseOf([1, 11, 12, 6], 7, [3, 3], [1, 1], [2, 3, 2, 3], [2, 3])],
  ['7 x 7 of RGB, stride 2', caseOf([1, 23, 25, 3], 64, [7, 7], [2, 2], [3, 3, 3, 3])],
  ['3 x 3 of RGB, two images', caseOf([2, 9, 9, 3], 16, [3, 3], [2, 2], [0, 0, 1, 1])],
  ['a window wider than its input', caseOf([1, 2, 3, 3], 4, [5, 7], [1, 1], [4, 6, 4, 6])],
  ['1 x 5', caseOf([1, 7, 8, 4], 5, [1, 5], [1, 1], [0, 2, 0, 2])],
  ['5 x 1', caseOf([1, 8, 7, 4], 5, [5, 1], [2, 1], [2, 0, 2, 0])],
  ['one pixel', caseOf([1, 1, 1, 72], 150, [1, 1])],
  ['one pixel of a 3 x 3 window', caseOf([1, 1, 1, 9], 20, [3, 3], [1, 1], [1, 1, 1, 1])],
]

describe('the definition, on every instruction set:', () => {
  test.each(cases)('%s', async (_, c) => {
    await check(c, usual)
  })
  test.each(cases)('%s, zero points of weights, narrower bounds', async (_, c) => {
    await check(c, { xZero: 3, wZero: -7, yZero: 9, lo: 20, hi: 233 })
  })
  test('odd channels cell by cell', async () => {
    const c = caseOf([1, 6, 6, 13], 33, [3, 3], [1, 1], [1, 1, 1, 1])
    await check(c, { ...usual, wZero: 5, tapCols: 13 })
  })
  test('channels by fours as whole windows', async () => {
    const c = caseOf([2, 6, 7, 8], 18, [3, 3], [1, 1], [1, 1, 1, 1])
    await check(c, { ...usual, wZero: 5, tapCols: 72 })
  })
})
