import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../temporary.js'
import { transposedTaps } from '../ops/convolution.js'
import { type Pair, transposedCaseOf } from './convolution-case.js'
import {
  expectExact,
  expectFused,
  expectNanStays,
  expectParts,
  f32,
  hardSwish,
  refusal,
  sixth,
  transposed,
} from './float-convolution.js'
import { kernelsNotRun } from './one-step.js'
import { weightCases } from './weight-cases.js'

const directory = temporaryDirectory()

test('the order of taps', () => {
  const window = { size: [3, 3], stride: [2, 2], pad: { top: 0, left: 0 } } as const
  expect(transposedTaps(window).map(([h, w]) => 3 * h + w)).toEqual([0, 2, 6, 8, 1, 7, 3, 5, 4])
})

describe('against float64, the same bits on every instruction set:', () => {
  test.each([
    [
      '3 x 3 of stride 2, padded at the end',
      transposedCaseOf([1, 5, 6, 20], 24, [3, 3], [2, 2], [0, 0, 1, 1]),
    ],
    ['4 x 4 of stride 2, two images', transposedCaseOf([2, 5, 7, 33], 35, [4, 4], [2, 2], [1, 1, 1, 1])],
    ['several slices and blocks', transposedCaseOf([1, 13, 14, 300], 40, [4, 4], [2, 2], [1, 1, 1, 1])],
    ['phases without taps', transposedCaseOf([1, 4, 5, 6], 7, [2, 1], [3, 2])],
    ['stride 1', transposedCaseOf([1, 6, 5, 4], 5, [3, 2], [1, 1], [1, 0, 1, 1])],
    ['one pixel', transposedCaseOf([1, 1, 1, 5], 20, [3, 3], [2, 2], [1, 1, 0, 0])],
    ['padding wider than a stride', transposedCaseOf([1, 6, 6, 8], 16, [5, 6], [2, 3], [3, 4, 3, 4])],
    ['rows of input 4 KiB apart', transposedCaseOf([1, 3, 4, 1024], 16, [2, 2], [2, 2])],
    ['results beyond the last input', transposedCaseOf([1, 3, 3, 4], 5, [2, 2], [2, 2], [0, 0, -3, -2])],
  ])('%s', async (_, c) => {
    await expectExact(transposed, c, f32, directory)
  })
})

describe('weights in', () => {
  test.each(weightCases)('$name', async (weightCase) => {
    const channels = weightCase.columnMultiple === 256 ? 256 : 96
    await expectExact(
      transposed,
      transposedCaseOf([1, 5, 6, channels], 34, [3, 3], [2, 2], [0, 0, 1, 1]),
      weightCase,
      directory,
    )
  })

  test.each(weightCases.filter(({ columnMultiple }) => columnMultiple === 1))(
    '$name, phases that begin inside a step of codes',
    async (weightCase) => {
      for (const channels of [27, 43]) {
        await expectExact(
          transposed,
          transposedCaseOf([1, 4, 5, channels], 17, [3, 3], [2, 2], [0, 0, 1, 1]),
          weightCase,
          directory,
        )
      }
    },
  )
})

test('a residual and a hard swish fused', async () => {
  const c = transposedCaseOf([2, 9, 13, 20], 37, [3, 3], [2, 2], [0, 0, 1, 1])
  const steps = [
    { op: 'add', operand: [...c.y] },
    { op: 'hard_swish', attributes: { sixth } },
  ]
  await expectFused(transposed, c, steps, (y, [r], i) => hardSwish(Math.fround(y + r![i]!)), directory)
})

test('reads and writes parts of tensors, and nothing around them', async () => {
  await expectParts(transposed, transposedCaseOf([2, 4, 5, 21], 23, [3, 3], [2, 2], [0, 0, 1, 1]), directory)
  await expectParts(transposed, transposedCaseOf([2, 4, 5, 40], 32, [4, 4], [2, 2], [1, 1, 1, 1]), directory)
})

test('a NaN shows in the outputs that it reaches and in no others', async () => {
  await expectNanStays(
    transposed,
    transposedCaseOf([1, 6, 6, 3], 20, [3, 3], [2, 2], [1, 1, 0, 0]),
    [0, 2, 4],
    directory,
  )
})

test.each([
  ['kernel_w', { size: [3, 0] as Pair }, 'kernel_w is 0.000000, and not a whole number in 1 to 32767'],
  ['stride_h', { stride: [256, 1] as Pair }, 'stride_h is 256.000000, and not a whole number in 1 to 255'],
  ['columns', { size: [3, 2] as Pair }, 'has 45 columns, but a kernel of 3 x 2 over 5 channels needs 30'],
])('a wrong window is refused: %s', async (_, wrong, message) => {
  const c = transposedCaseOf([1, 6, 6, 5], 4, [3, 3], [2, 2])
  expect(await refusal(transposed, c, wrong, undefined, directory)).toThrow(message)
})

test('bounds in the wrong order are refused', async () => {
  const c = transposedCaseOf([1, 6, 6, 5], 4, [3, 3], [2, 2])
  expect(await refusal(transposed, c, {}, { lo: 1, hi: 0 }, directory)).toThrow('is not a range of values')
})

test('every kernel has run', () => {
  expect(kernelsNotRun('transpose_conv2d')).toEqual([])
})
