import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../temporary.js'
import { caseOf, type Pair } from './convolution-case.js'
import {
  expectExact,
  expectFused,
  expectNanStays,
  expectParts,
  f32,
  hardSwish,
  ordinary,
  refusal,
  sixth,
} from './float-convolution.js'
import { kernelsNotRun } from './one-step.js'
import { weightCases } from './weight-cases.js'

const directory = temporaryDirectory()

describe('against float64, the same bits on every instruction set:', () => {
  test.each([
    ['pointwise, channels that fill no panel', caseOf([1, 5, 7, 5], 19, [1, 1])],
    ['pointwise, pairs of panels and one more, several blocks', caseOf([1, 20, 21, 32], 80, [1, 1])],
    ['pointwise, several slices of columns', caseOf([2, 3, 5, 1500], 33, [1, 1])],
    ['pointwise, rows of input 4 KiB apart', caseOf([1, 4, 9, 1024], 40, [1, 1])],
    ['pointwise of stride 2, rows 4 KiB apart by it', caseOf([1, 8, 9, 512], 16, [1, 1], [2, 2])],
    ['pointwise with padding', caseOf([1, 3, 4, 40], 16, [1, 1], [1, 1], [1, 2, 1, 0])],
    ['3 x 3, same', caseOf([1, 13, 11, 24], 35, [3, 3], [1, 1], [1, 1, 1, 1])],
    [
      '3 x 3, two images, stride 2, uneven padding',
      caseOf([2, 12, 10, 37], 20, [3, 3], [2, 2], [0, 0, 1, 1]),
    ],
    ['3 x 3, taps across slices of columns', caseOf([1, 6, 7, 200], 18, [3, 3], [1, 1], [1, 1, 1, 1])],
    ['3 x 3, many channels', caseOf([1, 6, 6, 65], 33, [3, 3], [1, 1], [1, 1, 1, 1])],
    ['3 x 3, rows of input 4 KiB apart', caseOf([1, 4, 3, 1024], 16, [3, 3], [1, 1], [1, 1, 1, 1])],
    ['3 x 3, dilated', caseOf([1, 11, 12, 6], 7, [3, 3], [1, 1], [2, 3, 2, 3], [2, 3])],
    ['3 x 3, dilated, more channels', caseOf([1, 9, 10, 33], 16, [3, 3], [1, 1], [2, 3, 2, 3], [2, 3])],
    ['7 x 7 of RGB, stride 2', caseOf([1, 23, 25, 3], 64, [7, 7], [2, 2], [3, 3, 3, 3])],
    ['3 x 3 of RGB, two images', caseOf([2, 9, 9, 3], 16, [3, 3], [2, 2], [0, 0, 1, 1])],
    [
      '7 x 7 of few channels, slices of columns within taps',
      caseOf([1, 9, 10, 23], 5, [7, 7], [1, 1], [3, 3, 3, 3]),
    ],
    ['a window wider than its input', caseOf([1, 2, 3, 3], 4, [5, 7], [1, 1], [4, 6, 4, 6])],
    ['1 x 5', caseOf([1, 7, 8, 4], 5, [1, 5], [1, 1], [0, 2, 0, 2])],
    ['5 x 1', caseOf([1, 8, 7, 4], 5, [5, 1], [2, 1], [2, 0, 2, 0])],
    ['many taps of one channel', caseOf([1, 12, 13, 1], 3, [11, 11], [1, 1], [5, 5, 5, 5], [1, 2])],
    ['one pixel', caseOf([1, 1, 1, 70], 96, [1, 1])],
    ['one pixel of a 3 x 3 window', caseOf([1, 1, 1, 9], 20, [3, 3], [1, 1], [1, 1, 1, 1])],
  ])('%s', async (_, c) => {
    await expectExact(ordinary, c, f32, directory)
  })
})

describe('weights in', () => {
  test.each(weightCases)('$name', async (weightCase) => {
    // 864 columns, or what a block of 256 divides: more than one slice.
    const channels = weightCase.columnMultiple === 256 ? 256 : 96
    await expectExact(
      ordinary,
      caseOf([1, 5, 8, channels], 34, [3, 3], [1, 1], [1, 1, 1, 1]),
      weightCase,
      directory,
    )
  })

  test.each(weightCases.filter(({ columnMultiple }) => columnMultiple === 1))(
    '$name, columns that fill no step of codes',
    async (weightCase) => {
      await expectExact(
        ordinary,
        caseOf([1, 4, 5, 83], 17, [3, 3], [1, 1], [1, 1, 1, 1]),
        weightCase,
        directory,
      )
    },
  )
})

describe('fused steps', () => {
  const c = caseOf([2, 13, 11, 20], 37, [3, 3], [1, 1], [1, 1, 1, 1])

  test('a residual and a hard swish', async () => {
    const steps = [
      { op: 'add', operand: [...c.y] },
      { op: 'hard_swish', attributes: { sixth } },
    ]
    await expectFused(ordinary, c, steps, (y, [r], i) => hardSwish(Math.fround(y + r![i]!)), directory)
  })

  test('a factor and a summand a channel, then a clamp', async () => {
    const steps = [
      { op: 'multiply', operand: [37] },
      { op: 'add', operand: [37] },
      { op: 'clamp', attributes: { lo: 0, hi: 6 } },
    ]
    const expected = (y: number, [factor, summand]: readonly Float32Array[], i: number) => {
      const scaled = Math.fround(Math.fround(y * factor![i % 37]!) + summand![i % 37]!)
      return Math.min(Math.max(scaled, 0), 6)
    }
    await expectFused(ordinary, c, steps, expected, directory)
  })
})

test('reads and writes parts of tensors, and nothing around them', async () => {
  await expectParts(ordinary, caseOf([2, 7, 9, 37], 23, [3, 3], [1, 1], [1, 1, 1, 1]), directory)
  await expectParts(ordinary, caseOf([2, 7, 9, 3], 48, [3, 3], [1, 1], [1, 1, 1, 1]), directory)
})

test('a NaN shows in the outputs whose windows hold it and in no others', async () => {
  for (const channels of [3, 40]) {
    const c = caseOf([1, 8, 8, channels], 20, [3, 3], [1, 1], [1, 1, 1, 1])
    await expectNanStays(ordinary, c, [0, 2, 4], directory)
  }
})

test.each([
  ['kernel_h', { size: [0, 3] as Pair }, 'kernel_h is 0.000000, and not a whole number in 1 to 32767'],
  ['stride_w', { stride: [1, 1.5] as Pair }, 'stride_w is 1.500000, and not a whole number'],
  ['pad_top', { pad: { top: -1, left: 0 } }, 'pad_top is -1.000000, and not a whole number in 0 to'],
  ['columns', { size: [3, 2] as Pair }, 'has 45 columns, but a kernel of 3 x 2 over 5 channels needs 30'],
])('a wrong window is refused: %s', async (_, wrong, message) => {
  const c = caseOf([1, 6, 6, 5], 4, [3, 3])
  expect(await refusal(ordinary, c, wrong, undefined, directory)).toThrow(message)
})

test.each([
  [1, 0],
  [Number.NaN, 6],
  [0, Number.NaN],
])('bounds %d .. %d are refused', async (lo, hi) => {
  const c = caseOf([1, 6, 6, 5], 4, [3, 3])
  expect(await refusal(ordinary, c, {}, { lo, hi }, directory)).toThrow('is not a range of values')
})

test('every kernel has run', () => {
  expect(kernelsNotRun('conv2d')).toEqual([])
})
