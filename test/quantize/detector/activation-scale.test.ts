import { expect, it } from 'vitest'
import { activationScale } from '../../../src/quantize/detector/activation-scale.js'

it.each([
  [
    { low: 0, high: 6 },
    { scale: Math.fround(6 / 255), zeroPoint: -128 },
  ],
  [
    { low: -1, high: 1 },
    { scale: Math.fround(2 / 255), zeroPoint: -1 },
  ],
  [
    { low: -2.55, high: 0 },
    { scale: Math.fround(2.55 / 255), zeroPoint: 127 },
  ],
  // Widened to contain 0.
  [
    { low: 2, high: 5.1 },
    { scale: Math.fround(5.1 / 255), zeroPoint: -128 },
  ],
  [
    { low: -5.1, high: -2 },
    { scale: Math.fround(5.1 / 255), zeroPoint: 127 },
  ],
  // Nothing but zeros: any scale is exact.
  [
    { low: 0, high: 0 },
    { scale: 1, zeroPoint: 0 },
  ],
])('of %o is %o', (range, expected) => {
  expect(activationScale(range)).toEqual(expected)
})

it('is a scale that a quotient cannot turn into 0', () => {
  expect(activationScale({ low: 0, high: 2 ** -149 }).scale).toBe(2 ** -126)
})
