import { describe, expect, test } from 'vitest'
import { transposeConv2dU8 } from '../ops/convolution-u8.js'
import { type Case, transposedCaseOf } from './convolution-case.js'
import { transposedWalk } from './float-convolution.js'
import { loadCodes, requantized, sums, u8OperandsOf, u8ValuesOf } from './integer-convolution.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'

describe('the definition, on every instruction set:', () => {
  test.each<[string, Case, number]>([
    ['3 x 3 of stride 2, same', transposedCaseOf([1, 8, 7, 20], 33, [3, 3], [2, 2], [0, 0, 1, 1]), 0],
    ['4 x 4 of stride 2, two images', transposedCaseOf([2, 5, 6, 32], 48, [4, 4], [2, 2], [1, 1, 1, 1]), 0],
    ['a zero point of weights', transposedCaseOf([1, 9, 14, 12], 16, [3, 3], [2, 2], [1, 0, 0, 1]), 9],
    ['odd channels', transposedCaseOf([1, 4, 5, 7], 5, [3, 3], [2, 2]), 4],
    ['stride 1', transposedCaseOf([1, 6, 5, 8], 9, [3, 3], [1, 1], [1, 1, 1, 1]), 0],
    [
      'stride 3 of a smaller window: outputs that nothing reaches',
      transposedCaseOf([1, 4, 3, 4], 6, [2, 1], [3, 3]),
      2,
    ],
    ['unequal strides', transposedCaseOf([1, 4, 6, 4], 18, [3, 5], [1, 3], [0, 2, 0, 1]), 0],
    ['one pixel', transposedCaseOf([1, 1, 1, 16], 16, [2, 2], [2, 2]), 0],
  ])('%s', async (_, c, wZero) => {
    const values = u8ValuesOf(c)
    const weights = new Map([['w', await loadCodes(c, values.weight, c.x[3])]])
    const [lo, hi] = [10, 251]
    const build: Build = (p) => {
      const [operands, y] = [u8OperandsOf(p, c), p.intermediate('u8', ...c.y)]
      const zeros = { x: 119, w: wZero, y: 131 }
      p.output('y', transposeConv2dU8(p, 'conv', operands, c.window, zeros, y, { lo, hi }))
    }
    const { x, bias, multiplier } = values
    const { y } = await sameOnEveryIsa(build, { x, bias, multiplier }, weights)
    const sum = sums(transposedWalk, c, { ...values, xZero: () => 119, wZero })
    expect(y).toEqual(requantized(sum, { ...values, lo, hi }, 131))
  })
})

test('fused steps reach every output once', async () => {
  const c = transposedCaseOf([2, 5, 6, 8], 20, [3, 3], [2, 2], [0, 1, 1, 0])
  const values = u8ValuesOf(c)
  const weights = new Map([['w', await loadCodes(c, values.weight, c.x[3])]])
  const table = Uint8Array.from({ length: 256 }, (_, i) => 255 - i)
  const build: Build = (p) => {
    const [operands, y] = [u8OperandsOf(p, c), p.intermediate('u8', ...c.y)]
    const fused = [{ op: 'lookup', operand: p.input('table', 'u8', 256) }]
    p.output('y', transposeConv2dU8(p, 'conv', operands, c.window, { x: 119, y: 131 }, y, undefined, fused))
  }
  const { x, bias, multiplier } = values
  const { y } = await sameOnEveryIsa(build, { x, bias, multiplier, table }, weights)
  const sum = sums(transposedWalk, c, { ...values, xZero: () => 119, wZero: 0 })
  expect(y).toEqual(requantized(sum, { ...values, lo: 0, hi: 255 }, 131).map((code) => 255 - code))
})

test('every kernel was run', () => expect(kernelsNotRun('transpose_conv2d_u8')).toEqual([]))
