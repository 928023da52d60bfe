import { describe, expect, test } from 'vitest'
import type { ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import { conv2dU8, tapColumns } from '../ops/convolution-u8.js'
import { type Case, caseOf, columnsOf, elements, type Shape } from './convolution-case.js'
import { convolutionWalk } from './float-convolution.js'
import {
  loadCodes,
  randomCodes,
  randomWeights,
  requantized,
  sums,
  u8OperandsOf,
  u8ValuesOf,
  widened,
} from './integer-convolution.js'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

interface Setting {
  readonly xZero: number
  readonly wZero: number
  readonly yZero: number
  readonly lo: number
  readonly hi: number
  readonly tapCols?: number
}
const usual: Setting = { xZero: 119, wZero: 0, yZero: 131, lo: 0, hi: 255 }

type Values = ReturnType<typeof u8ValuesOf>

async function weightsOf(c: Case, weight: Int8Array, { tapCols }: Partial<Setting> = {}) {
  return new Map([['w', await loadCodes(c, weight, tapCols ?? tapColumns(c.x[3], c.window))]])
}

function step(p: ProgramBuilder, c: Case, { xZero, wZero, yZero, lo, hi }: Setting, y: Tensor) {
  const zeros = { x: xZero, w: wZero, y: yZero }
  return conv2dU8(p, 'conv', u8OperandsOf(p, c), c.window, zeros, y, { lo, hi })
}

const inputsOf = ({ x, bias, multiplier }: Values) => ({ x, bias, multiplier })

/** Runs it on every instruction set and holds the codes against the definition. */
async function check(c: Case, setting: Setting, values = u8ValuesOf(c)) {
  const build: Build = (p) => p.output('y', step(p, c, setting, p.intermediate('u8', ...c.y)))
  const weights = await weightsOf(c, values.weight, setting)
  const { y } = await sameOnEveryIsa(build, inputsOf(values), weights)
  const sum = sums(convolutionWalk, c, { ...values, xZero: () => setting.xZero, wZero: setting.wZero })
  expect(y).toEqual(requantized(sum, { ...values, ...setting }, setting.yZero))
  return y as Uint8Array
}

const same = [1, 1, 1, 1] as const

describe('the definition, on every instruction set:', () => {
  const cases: [string, Case][] = [
    ['pointwise, channels that fill no chunk and no panel', caseOf([1, 5, 7, 5], 19, [1, 1])],
    ['pointwise, pairs of panels and one more, several blocks', caseOf([1, 20, 21, 32], 80, [1, 1])],
    ['pointwise, many channels', caseOf([2, 3, 5, 700], 33, [1, 1])],
    ['pointwise of stride 2', caseOf([1, 8, 9, 64], 16, [1, 1], [2, 2])],
    ['3 x 3, same', caseOf([1, 13, 11, 24], 35, [3, 3], [1, 1], same)],
    ['3 x 3, two images, stride 2', caseOf([2, 12, 10, 20], 20, [3, 3], [2, 2], [0, 0, 1, 1])],
    ['3 x 3, odd channels', caseOf([1, 6, 6, 65], 33, [3, 3], [1, 1], same)],
    ['3 x 3, dilated', caseOf([1, 11, 12, 8], 7, [3, 3], [1, 1], [2, 3, 2, 3], [2, 3])],
    ['3 x 3, dilated, odd channels', caseOf([1, 11, 12, 6], 7, [3, 3], [1, 1], [2, 3, 2, 3], [2, 3])],
    ['7 x 7 of RGB, stride 2', caseOf([1, 23, 25, 3], 64, [7, 7], [2, 2], [3, 3, 3, 3])],
    ['3 x 3 of RGB, two images', caseOf([2, 9, 9, 3], 16, [3, 3], [2, 2], [0, 0, 1, 1])],
    ['a window wider than its input', caseOf([1, 2, 3, 3], 4, [5, 7], [1, 1], [4, 6, 4, 6])],
    ['1 x 5', caseOf([1, 7, 8, 4], 5, [1, 5], [1, 1], [0, 2, 0, 2])],
    ['5 x 1', caseOf([1, 8, 7, 4], 5, [5, 1], [2, 1], [2, 0, 2, 0])],
    ['one pixel', caseOf([1, 1, 1, 72], 150, [1, 1])],
    ['one pixel of a 3 x 3 window', caseOf([1, 1, 1, 9], 20, [3, 3], [1, 1], same)],
  ]
  test.each(cases)('%s', async (_, c) => {
    const y = await check(c, usual)
    // A test of codes that are all at the bounds would see little.
    expect(new Set(y).size).toBeGreaterThan(Math.min(elements(c.y) / 8, 60))
  })
  test.each(cases)('%s, a zero point of weights, narrower bounds', async (_, c) => {
    await check(c, { xZero: 3, wZero: -7, yZero: 9, lo: 20, hi: 233 })
  })
  test('odd channels cell by cell', async () => {
    await check(caseOf([1, 6, 6, 13], 33, [3, 3], [1, 1], same), { ...usual, wZero: 5, tapCols: 13 })
  })
  test('channels by fours as whole windows', async () => {
    await check(caseOf([2, 6, 7, 8], 18, [3, 3], [1, 1], same), { ...usual, wZero: 5, tapCols: 72 })
  })
})

describe('extremes:', () => {
  const c = caseOf([1, 7, 9, 96], 40, [3, 3], [1, 1], same)
  const outputs = c.y[3]
  const full = (x: number, w: number, bias: number, multiplier: number): Values => ({
    x: new Uint8Array(elements(c.x)).fill(x),
    weight: new Int8Array(outputs * columnsOf(c)).fill(w),
    bias: new Int32Array(outputs).fill(bias),
    multiplier: new Float32Array(outputs).fill(multiplier),
  })

  // Products of two neighbours that no 16 bits hold.
  test.each([
    [255, -128],
    [255, -127],
    [255, 127],
    [0, 127],
  ])('all codes %i and all weights %i', async (x, w) => {
    const multiplier = 100 / (columnsOf(c) * 255 * 128)
    const y = await check(c, { ...usual, xZero: 0, yZero: 128 }, full(x, w, 0, multiplier))
    expect(y[elements(c.y) / 2]).toBe(128 + Math.round(multiplier * columnsOf(c) * x * w))
  })

  test('codes and weights far from their zero points', async () => {
    const multiplier = 100 / (columnsOf(c) * 255 * 255)
    await check(c, { ...usual, xZero: 255, wZero: 127, yZero: 20 }, full(0, -128, 0, multiplier))
  })

  test.each([1e30, -1e30, 3e4, Number.POSITIVE_INFINITY, Number.NaN])(
    'a multiplier of %s',
    async (multiplier) => {
      const y = await check(
        c,
        { ...usual, lo: 4, hi: 250 },
        { ...full(200, 100, 1, 1), ...{ multiplier: new Float32Array(outputs).fill(multiplier) } },
      )
      expect(new Set(y)).toEqual(new Set([multiplier > 0 ? 250 : 4]))
    },
  )

  test('halves are rounded to even', async () => {
    const pointwise = caseOf([1, 16, 16, 1], 16, [1, 1])
    const x = Uint8Array.from({ length: 256 }, (_, i) => i)
    const weight = new Int8Array(16).fill(1)
    const bias = new Int32Array(16)
    const multiplier = new Float32Array(16).fill(0.5)
    const y = await check(pointwise, { ...usual, xZero: 128, yZero: 64 }, { x, weight, bias, multiplier })
    expect([...y].filter((_, i) => i % 16 === 0).slice(125, 132)).toEqual([62, 63, 64, 64, 64, 65, 66])
  })

  test('sums that wrap around', async () => {
    await check(c, { ...usual, xZero: 0 }, full(255, 127, 2 ** 31 - 1, 1e-8))
  })
})

test('float results', async () => {
  const c = caseOf([2, 9, 7, 20], 37, [3, 3], [1, 1], same)
  const values = u8ValuesOf(c)
  const build: Build = (p) =>
    p.output('y', step(p, c, { ...usual, lo: -20, hi: 30 }, p.intermediate('f32', ...c.y)))
  const { y } = await sameOnEveryIsa(build, inputsOf(values), await weightsOf(c, values.weight))
  const sum = sums(convolutionWalk, c, { ...values, xZero: () => usual.xZero, wZero: 0 })
  expect(y).toEqual(widened(sum, { ...values, lo: -20, hi: 30 }))
})

/** Two convolutions of a part of one tensor into parts of another. */
test('reads and writes parts of tensors, and nothing around them', async () => {
  const whole: Shape = [2, 7, 9, 40]
  const c = caseOf([2, 7, 9, 21], 23, [3, 3], [1, 1], same)
  const values = u8ValuesOf(c)
  const bounds = { lo: 60, hi: 190 }
  const build: Build = (p) => {
    const x = p.input('x', 'u8', ...whole)
    const weight = p.weight('w', c.y[3], columnsOf(c))
    const bias = p.input('bias', 'i32', c.y[3])
    const multiplier = p.input('multiplier', 'f32', c.y[3])
    const operands = { x: p.part(x, 13, 40, ...c.x), weight, bias, multiplier }
    const y = p.intermediate('u8', 2, 7, 9, 46)
    const zeros = { x: 119, y: 131 }
    conv2dU8(p, 'second', operands, c.window, zeros, p.part(y, 23, 46, ...c.y))
    conv2dU8(p, 'first', operands, c.window, zeros, p.part(y, 0, 46, ...c.y), bounds)
    p.output('y', y)
  }
  const all = randomCodes(3, elements(whole))
  const { y } = await sameOnEveryIsa(
    build,
    { ...inputsOf(values), x: all },
    await weightsOf(c, values.weight),
  )
  const x = Uint8Array.from(
    { length: elements(c.x) },
    (_, i) => all[Math.floor(i / 21) * 40 + 13 + (i % 21)]!,
  )
  const sum = sums(convolutionWalk, c, { ...values, x, xZero: () => 119, wZero: 0 })
  const half = (from: number) =>
    Uint8Array.from({ length: elements(c.y) }, (_, i) => y![Math.floor(i / 23) * 46 + from + (i % 23)]!)
  expect(half(23)).toEqual(requantized(sum, { ...values, lo: 0, hi: 255 }, 131))
  expect(half(0)).toEqual(requantized(sum, { ...values, ...bounds }, 131))
})

test('fused steps: a table, then a sum of codes', async () => {
  const c = caseOf([2, 9, 7, 20], 37, [3, 3], [1, 1], same)
  const values = u8ValuesOf(c)
  const [table, other] = [randomCodes(20, 256), randomCodes(21, elements(c.y))]
  const sum = { factor: 700_000, operand_factor: 400_000, shift: 20, x_zero: 100, operand_zero: 130 }
  const bounds = { y_zero: 120, lo: 10, hi: 240 }
  const build: Build = (p) => {
    const fused = [
      { op: 'lookup', operand: p.input('table', 'u8', 256) },
      { op: 'add_codes', operand: p.input('other', 'u8', ...c.y), attributes: { ...sum, ...bounds } },
    ]
    const y = p.intermediate('u8', ...c.y)
    const zeros = { x: usual.xZero, y: usual.yZero }
    p.output('y', conv2dU8(p, 'conv', u8OperandsOf(p, c), c.window, zeros, y, undefined, fused))
  }
  const inputs = { ...inputsOf(values), table, other }
  const { y } = await sameOnEveryIsa(build, inputs, await weightsOf(c, values.weight))
  const plain = requantized(
    sums(convolutionWalk, c, { ...values, xZero: () => usual.xZero, wZero: 0 }),
    { ...values, lo: 0, hi: 255 },
    usual.yZero,
  )
  const expected = plain.map((code, i) => {
    const a = (table[code]! - 100) * sum.factor + (other[i]! - 130) * sum.operand_factor
    return Math.min(Math.max(Math.floor((a + 2 ** 19) / 2 ** 20) + 120, 10), 240)
  })
  expect(y).toEqual(expected)
})

describe('refuses', () => {
  const c = caseOf([1, 4, 4, 8], 4, [3, 3], [1, 1], same)
  const values = u8ValuesOf(c)
  const run = async (setting: Setting, window = c.window) => {
    const build: Build = (p) =>
      p.output('y', step(p, { ...c, window }, setting, p.intermediate('u8', ...c.y)))
    return onReference(build, inputsOf(values), await weightsOf(c, values.weight, setting))
  }
  test('a zero point that is no code', () => expect(run({ ...usual, xZero: 256 })).rejects.toThrow('x_zero'))
  test('a bound that is no code', () => expect(run({ ...usual, hi: 1000 })).rejects.toThrow('hi is'))
  test('taps of other columns', () =>
    expect(run({ ...usual, tapCols: 24 })).rejects.toThrow(
      'the weight has taps of 24 columns, and not of 8 or all 72',
    ))
})

test('random weights have all codes', () => expect(new Set(randomWeights(1, 9999)).size).toBe(256))

test('every kernel was run', () => expect(kernelsNotRun('conv2d_u8')).toEqual([]))
