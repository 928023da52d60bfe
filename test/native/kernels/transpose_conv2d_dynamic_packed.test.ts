import { describe, expect, test } from 'vitest'
import { transposeConv2dDynamicPacked } from '../ops/convolution-u8.js'
import { type Case, transposedCaseOf } from './convolution-case.js'
import { transposedWalk } from './float-convolution.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'
import {
  loadPacked,
  packedInputsOf,
  packedOperandsOf,
  packedResult,
  packedValuesOf,
  rowsOf,
} from './packed-convolution.js'

describe.each([
  [4, 64],
  [4, -1],
  [2, 32],
  [2, -1],
] as const)('the definition, on every instruction set, %d bits in groups of %d:', (bits, groupSize) => {
  test.each<[string, Case]>([
    ['3 x 3 of stride 2, same', transposedCaseOf([1, 8, 7, 64], 33, [3, 3], [2, 2], [0, 0, 1, 1])],
    ['4 x 4 of stride 2, two images', transposedCaseOf([2, 5, 6, 32], 48, [4, 4], [2, 2], [1, 1, 1, 1])],
    ['groups that span phases', transposedCaseOf([1, 6, 5, 20], 17, [3, 3], [2, 2], [1, 0, 0, 1])],
    ['odd channels, outputs that nothing reaches', transposedCaseOf([2, 4, 5, 7], 5, [2, 2], [3, 3])],
    ['stride 1', transposedCaseOf([1, 6, 7, 9], 20, [3, 2], [1, 1], [1, 1, 1, 0])],
  ])('%s', async (_, c) => {
    const values = packedValuesOf(c, c.x[0], bits, groupSize)
    const build: Build = (p) => {
      const [operands, y] = [packedOperandsOf(p, c, c.x[0]), p.intermediate('f32', ...c.y)]
      p.output('y', transposeConv2dDynamicPacked(p, 'conv', operands, c.window, y))
    }
    const weights = await loadPacked(c, values.weight)
    const { y } = await sameOnEveryIsa(build, packedInputsOf(values), weights)
    expect(y).toEqual(packedResult(transposedWalk, c, values, rowsOf(c, c.x[0])))
  })
})

test('every kernel was run', () => expect(kernelsNotRun('transpose_conv2d_dynamic_packed')).toEqual([]))
