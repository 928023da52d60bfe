import { describe, expect, test } from 'vitest'
import { Session } from '../../../src/native/session.js'
import { type Fused, ProgramBuilder } from '../../../src/program/builder.js'
import { conv2d } from '../../../src/program/convolution-ops.js'
import { temporaryDirectory } from '../../temporary.js'
import { randomValues } from '../quant/reference.js'
import {
  type Case,
  columnsOf,
  convolutionWalk,
  elements,
  exactly,
  expectClose,
  operandsOf,
  resultOf,
  type Shape,
  valuesOf,
} from './float-convolution.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { loadCase, type WeightCase, weightCases } from './weight-cases.js'

const directory = temporaryDirectory()
const f32 = weightCases.find(({ name }) => name === 'f32')!

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

async function run(c: Case, weightCase: WeightCase, fused: readonly Fused[] = []) {
  const loaded = await loadCase(directory, weightCase, c.y[3], columnsOf(c))
  const build: Build = (p) => {
    p.output('y', conv2d(p, 'conv', operandsOf(p, c), c.window, resultOf(p, c), undefined, fused))
  }
  const values = valuesOf(c, loaded)
  const inputs = { x: values.x, bias: values.bias }
  const { y } = await sameOnEveryIsa(build, inputs, new Map([['w', loaded.weight.handle]]))
  return { y: y as Float32Array, values }
}

describe('against float64, the same bits on every instruction set:', () => {
  test.each([
    ['pointwise, channels that fill no panel', caseOf([1, 5, 7, 5], 19, [1, 1])],
    ['pointwise, pairs of panels and one more, several blocks', caseOf([1, 20, 21, 32], 80, [1, 1])],
    ['pointwise, several slices of columns', caseOf([2, 3, 5, 1500], 33, [1, 1])],
    ['pointwise, rows of input 4 KiB apart', caseOf([1, 4, 9, 1024], 40, [1, 1])],
    ['pointwise of stride 2, rows 4 KiB apart by it', caseOf([1, 8, 9, 512], 16, [1, 1], [2, 2])],
    ['3 x 3, same', caseOf([1, 13, 11, 24], 35, [3, 3], [1, 1], [1, 1, 1, 1])],
    [
      '3 x 3, two images, stride 2, asymmetric padding',
      caseOf([2, 12, 10, 17], 20, [3, 3], [2, 2], [0, 0, 1, 1]),
    ],
    ['3 x 3, taps across slices of columns', caseOf([1, 6, 7, 200], 18, [3, 3], [1, 1], [1, 1, 1, 1])],
    ['3 x 3, many channels', caseOf([1, 6, 6, 65], 33, [3, 3], [1, 1], [1, 1, 1, 1])],
    ['3 x 3, dilated', caseOf([1, 11, 12, 6], 7, [3, 3], [1, 1], [2, 3, 2, 3], [2, 3])],
    ['7 x 7 of RGB, stride 2', caseOf([1, 23, 25, 3], 64, [7, 7], [2, 2], [3, 3, 3, 3])],
    ['3 x 3 of RGB, two images', caseOf([2, 9, 9, 3], 16, [3, 3], [2, 2], [0, 0, 1, 1])],
    ['a window wider than its input', caseOf([1, 2, 3, 3], 4, [5, 7], [1, 1], [4, 6, 4, 6])],
    ['1 x 5 and 5 x 1', caseOf([1, 7, 8, 4], 5, [1, 5], [1, 1], [0, 2, 0, 2])],
    ['5 x 1', caseOf([1, 8, 7, 4], 5, [5, 1], [2, 1], [2, 0, 2, 0])],
    ['many taps of one channel', caseOf([1, 12, 13, 1], 3, [11, 11], [1, 1], [5, 5, 5, 5], [1, 2])],
    ['one pixel', caseOf([1, 1, 1, 70], 96, [1, 1])],
    ['one pixel of a 3 x 3 window', caseOf([1, 1, 1, 9], 20, [3, 3], [1, 1], [1, 1, 1, 1])],
  ])('%s', async (_, c) => {
    const { y, values } = await run(c, f32)
    expectClose(y, exactly(convolutionWalk, c, values), columnsOf(c))
  })
})

describe('weights in', () => {
  test.each(weightCases)('$name', async (weightCase) => {
    // 576 columns, or what a block of 256 divides: more than one slice.
    const channels = weightCase.columnMultiple === 256 ? 256 : 96
    const c = caseOf([1, 5, 8, channels], 34, [3, 3], [1, 1], [1, 1, 1, 1])
    const { y, values } = await run(c, weightCase)
    expectClose(y, exactly(convolutionWalk, c, values), columnsOf(c))
  })

  test.each(weightCases.filter(({ columnMultiple }) => columnMultiple === 1))(
    '$name, columns that fill no step of codes',
    async (weightCase) => {
      const c = caseOf([1, 4, 5, 83], 17, [3, 3], [1, 1], [1, 1, 1, 1])
      const { y, values } = await run(c, weightCase)
      expectClose(y, exactly(convolutionWalk, c, values), columnsOf(c))
    },
  )
})

/** Two convolutions of parts of one tensor into parts of another: channels 3.. and ..3 of x, halves of y. */
test('reads and writes parts of tensors, and nothing around them', async () => {
  const whole: Shape = [2, 7, 9, 40]
  const c = caseOf([2, 7, 9, 21], 23, [3, 3], [1, 1], [1, 1, 1, 1])
  const loaded = await loadCase(directory, f32, c.y[3], columnsOf(c))
  const bounds = { lo: -0.5, hi: 0.25 }
  const build: Build = (p) => {
    const x = p.input('x', 'f32', ...whole)
    const weight = p.weight('w', c.y[3], columnsOf(c))
    const bias = p.input('bias', 'f32', c.y[3])
    const y = p.intermediate('f32', 2, 7, 9, 46)
    const read = p.part(x, 13, 40, ...c.x)
    conv2d(p, 'second', { x: read, weight, bias }, c.window, p.part(y, 23, 46, ...c.y))
    conv2d(p, 'first', { x: read, weight, bias }, c.window, p.part(y, 0, 46, ...c.y), bounds)
    p.output('y', y)
  }
  const all = randomValues(elements(whole), 3)
  const bias = randomValues(23, 5)
  const { y } = await sameOnEveryIsa(build, { x: all, bias }, new Map([['w', loaded.weight.handle]]))
  const x = Float32Array.from(
    { length: elements(c.x) },
    (_, i) => all[Math.floor(i / 21) * 40 + 13 + (i % 21)]!,
  )
  const exact = exactly(convolutionWalk, c, { x, weight: loaded.values, bias })
  const half = (from: number) =>
    Float32Array.from({ length: elements(c.y) }, (_, i) => y![Math.floor(i / 23) * 46 + from + (i % 23)]!)
  expectClose(half(23), exact, columnsOf(c))
  expect(half(0)).toEqual(half(23).map((v) => Math.min(Math.max(v, bounds.lo), bounds.hi)))
})

test('a NaN shows in the outputs whose windows hold it and in no others', async () => {
  const c = caseOf([1, 8, 8, 3], 20, [3, 3], [1, 1], [1, 1, 1, 1])
  const loaded = await loadCase(directory, f32, c.y[3], columnsOf(c))
  const build: Build = (p) => {
    const bounds = { lo: 0, hi: 6 }
    p.output('y', conv2d(p, 'conv', operandsOf(p, c), c.window, resultOf(p, c), bounds))
  }
  const { x, bias } = valuesOf(c, loaded)
  x[(2 * 8 + 4) * 3 + 1] = Number.NaN
  const { y } = await sameOnEveryIsa(build, { x, bias }, new Map([['w', loaded.weight.handle]]))
  for (let i = 0; i < y!.length; i++) {
    const [p, q] = [Math.floor(i / 160), Math.floor(i / 20) % 8]
    expect(Number.isNaN(y![i]!), `output ${i}`).toBe(p >= 1 && p <= 3 && q >= 3 && q <= 5)
  }
})

test.each([
  ['kernel_h', { size: [0, 3] as Pair }, 'kernel_h is 0.000000, and not a whole number in 1 to 32767'],
  ['stride_w', { stride: [1, 1.5] as Pair }, 'stride_w is 1.500000, and not a whole number'],
  ['pad_top', { pad: { top: -1, left: 0 } }, 'pad_top is -1.000000, and not a whole number in 0 to'],
  ['columns', { size: [3, 2] as Pair }, 'has 45 columns, but a kernel of 3 x 2 over 5 channels needs 30'],
])('a wrong window is refused: %s', async (_, wrong, message) => {
  const c = caseOf([1, 6, 6, 5], 4, [3, 3])
  const loaded = await loadCase(directory, f32, 4, 45)
  const p = new ProgramBuilder()
  const operands = operandsOf(p, c)
  p.output('y', conv2d(p, 'conv', operands, { ...c.window, ...wrong }, resultOf(p, c)))
  const session = new Session(p.build(), new Map([['w', loaded.weight.handle]]), { threads: 1 })
  expect(() => session.plan({})).toThrow(message)
  session.close()
})

test('every kernel has run', () => {
  expect(kernelsNotRun('conv2d')).toEqual([])
})
