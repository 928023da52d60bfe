import { describe, expect, test } from 'vitest'
import { transposeConv2dDynamic } from '../ops/convolution-u8.js'
import { type Case, transposedCaseOf } from './convolution-case.js'
import { transposedWalk } from './float-convolution.js'
import { dequantized, dynamicOperandsOf, dynamicValuesOf, loadCodes, sums } from './integer-convolution.js'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'

describe('the definition, on every instruction set:', () => {
  test.each<[string, Case]>([
    ['3 x 3 of stride 2, same', transposedCaseOf([1, 8, 7, 20], 33, [3, 3], [2, 2], [0, 0, 1, 1])],
    ['4 x 4 of stride 2, two images', transposedCaseOf([2, 5, 6, 32], 48, [4, 4], [2, 2], [1, 1, 1, 1])],
    ['odd channels, outputs that nothing reaches', transposedCaseOf([2, 4, 5, 7], 5, [2, 2], [3, 3])],
  ])('%s', async (_, c) => {
    const values = dynamicValuesOf(c, c.x[0])
    const weights = new Map([['w', await loadCodes(c, values.weight, c.x[3])]])
    const build: Build = (p) => {
      const [operands, y] = [dynamicOperandsOf(p, c, c.x[0]), p.intermediate('f32', ...c.y)]
      p.output('y', transposeConv2dDynamic(p, 'conv', operands, c.window, y))
    }
    const { x, params, weightScale, bias } = values
    const { y } = await sameOnEveryIsa(build, { x, params, weightScale, bias }, weights)
    const sum = sums(transposedWalk, c, { ...values, xZero: ([n]) => params[2 * n + 1]!, wZero: 0 })
    const perImage = c.y[1] * c.y[2]
    const scale = (pixel: number) => params[2 * Math.floor(pixel / perImage)]!
    expect(y).toEqual(dequantized(sum, scale, weightScale, bias))
  })
})

test('every kernel was run', () => expect(kernelsNotRun('transpose_conv2d_dynamic')).toEqual([]))
