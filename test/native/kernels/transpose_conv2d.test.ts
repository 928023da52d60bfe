import { describe, expect, test } from 'vitest'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import { transposeConv2d, transposedTaps } from '../../../src/program/convolution-ops.js'
import { temporaryDirectory } from '../../temporary.js'
import { randomValues } from '../quant/reference.js'
import {
  type Case,
  columnsOf,
  elements,
  exactly,
  expectClose,
  operandsOf,
  resultOf,
  type Shape,
  transposedWalk,
  valuesOf,
} from './float-convolution.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import { loadCase, type WeightCase, weightCases } from './weight-cases.js'

const directory = temporaryDirectory()
const f32 = weightCases.find(({ name }) => name === 'f32')!

type Pair = readonly [number, number]

/** `pad` top, left, bottom, right: what is cut off the full result. */
function caseOf(
  x: Shape,
  outputs: number,
  size: Pair,
  stride: Pair,
  [top, left, bottom, right]: readonly [number, number, number, number] = [0, 0, 0, 0],
): Case {
  const count = (axis: 0 | 1, pad: number) => (x[1 + axis]! - 1) * stride[axis] + size[axis] - pad
  return {
    x,
    y: [x[0], count(0, top + bottom), count(1, left + right), outputs],
    window: { size, stride, pad: { top, left } },
  }
}

async function run(c: Case, weightCase: WeightCase) {
  const loaded = await loadCase(directory, weightCase, c.y[3], columnsOf(c))
  const build: Build = (p) => {
    p.output('y', transposeConv2d(p, 'conv', operandsOf(p, c), c.window, resultOf(p, c)))
  }
  const values = valuesOf(c, loaded)
  const inputs = { x: values.x, bias: values.bias }
  const { y } = await sameOnEveryIsa(build, inputs, new Map([['w', loaded.weight.handle]]))
  return { y: y as Float32Array, values }
}

test('the order of taps', () => {
  const window = { size: [3, 3], stride: [2, 2], pad: { top: 0, left: 0 } } as const
  expect(transposedTaps(window).map(([h, w]) => 3 * h + w)).toEqual([0, 2, 6, 8, 1, 7, 3, 5, 4])
})

describe('against float64, the same bits on every instruction set:', () => {
  test.each([
    ['3 x 3 of stride 2, padded at the end', caseOf([1, 5, 6, 20], 24, [3, 3], [2, 2], [0, 0, 1, 1])],
    ['4 x 4 of stride 2, two images', caseOf([2, 5, 7, 33], 35, [4, 4], [2, 2], [1, 1, 1, 1])],
    ['several slices and blocks', caseOf([1, 13, 14, 300], 40, [4, 4], [2, 2], [1, 1, 1, 1])],
    ['phases without taps', caseOf([1, 4, 5, 6], 7, [2, 1], [3, 2])],
    ['stride 1', caseOf([1, 6, 5, 4], 5, [3, 2], [1, 1], [1, 0, 1, 1])],
    ['one pixel', caseOf([1, 1, 1, 5], 20, [3, 3], [2, 2], [1, 1, 0, 0])],
    ['padding wider than a stride', caseOf([1, 6, 6, 8], 16, [5, 6], [2, 3], [3, 4, 3, 4])],
    ['rows of input 4 KiB apart', caseOf([1, 3, 4, 1024], 16, [2, 2], [2, 2])],
  ])('%s', async (_, c) => {
    const { y, values } = await run(c, f32)
    expectClose(y, exactly(transposedWalk, c, values), columnsOf(c))
  })

  test('results beyond the last input', async () => {
    const c = caseOf([1, 3, 3, 4], 5, [2, 2], [2, 2], [0, 0, -3, -2])
    const { y, values } = await run(c, f32)
    expectClose(y, exactly(transposedWalk, c, values), columnsOf(c))
  })
})

describe('weights in', () => {
  test.each(weightCases)('$name', async (weightCase) => {
    const c = caseOf(
      [1, 5, 6, weightCase.columnMultiple === 256 ? 256 : 96],
      34,
      [3, 3],
      [2, 2],
      [0, 0, 1, 1],
    )
    const { y, values } = await run(c, weightCase)
    expectClose(y, exactly(transposedWalk, c, values), columnsOf(c))
  })

  test.each(weightCases.filter(({ columnMultiple }) => columnMultiple === 1))(
    '$name, phases that begin inside a step of codes',
    async (weightCase) => {
      const c = caseOf([1, 4, 5, 27], 17, [3, 3], [2, 2], [0, 0, 1, 1])
      const { y, values } = await run(c, weightCase)
      expectClose(y, exactly(transposedWalk, c, values), columnsOf(c))
    },
  )
})

test('reads and writes parts of tensors, and nothing around them', async () => {
  const c = caseOf([2, 4, 5, 21], 23, [3, 3], [2, 2], [0, 0, 1, 1])
  const whole: Shape = [2, 4, 5, 40]
  const loaded = await loadCase(directory, f32, c.y[3], columnsOf(c))
  const bounds = { lo: -0.5, hi: 0.25 }
  const build: Build = (p) => {
    const x = p.part(p.input('x', 'f32', ...whole), 13, 40, ...c.x)
    const weight = p.weight('w', c.y[3], columnsOf(c))
    const bias = p.input('bias', 'f32', c.y[3])
    const y = p.intermediate('f32', c.y[0], c.y[1], c.y[2], 46)
    transposeConv2d(p, 'second', { x, weight, bias }, c.window, p.part(y, 23, 46, ...c.y))
    transposeConv2d(p, 'first', { x, weight, bias }, c.window, p.part(y, 0, 46, ...c.y), bounds)
    p.output('y', y)
  }
  const all = randomValues(elements(whole), 3)
  const bias = randomValues(23, 5)
  const { y } = await sameOnEveryIsa(build, { x: all, bias }, new Map([['w', loaded.weight.handle]]))
  const x = Float32Array.from(
    { length: elements(c.x) },
    (_, i) => all[Math.floor(i / 21) * 40 + 13 + (i % 21)]!,
  )
  const half = (from: number) =>
    Float32Array.from({ length: elements(c.y) }, (_, i) => y![Math.floor(i / 23) * 46 + from + (i % 23)]!)
  expectClose(half(23), exactly(transposedWalk, c, { x, weight: loaded.values, bias }), columnsOf(c))
  expect(half(0)).toEqual(half(23).map((v) => Math.min(Math.max(v, bounds.lo), bounds.hi)))
})

test.each([
  ['kernel_w', { size: [3, 0] as Pair }, 'kernel_w is 0.000000, and not a whole number in 1 to 32767'],
  ['columns', { size: [3, 2] as Pair }, 'has 45 columns, but a kernel of 3 x 2 over 5 channels needs 30'],
])('a wrong window is refused: %s', async (_, wrong, message) => {
  const c = caseOf([1, 6, 6, 5], 4, [3, 3], [2, 2])
  const loaded = await loadCase(directory, f32, 4, 45)
  const p = new ProgramBuilder()
  p.output('y', transposeConv2d(p, 'conv', operandsOf(p, c), { ...c.window, ...wrong }, resultOf(p, c)))
  const session = new Session(p.build(), new Map([['w', loaded.weight.handle]]), { threads: 1 })
  expect(() => session.plan({})).toThrow(message)
  session.close()
})

test('every kernel has run', () => {
  expect(kernelsNotRun('transpose_conv2d')).toEqual([])
})
