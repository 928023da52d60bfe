// Integer depthwise layers in plain loops.
import { cellsOf, outputsOf, type WindowCase, windowCase } from './window-cases.js'

export interface DepthwiseCase extends WindowCase {
  readonly multiplier: number
}

export const plain = (...args: Parameters<typeof windowCase>): DepthwiseCase => ({
  ...windowCase(...args),
  multiplier: 1,
})

export const depthwiseCases: readonly DepthwiseCase[] = [
  plain([1, 9, 21, 16], [3, 3], [1, 1], [1, 1, 1, 1]),
  plain([2, 12, 33, 40], [3, 3], [2, 2], [0, 0, 1, 1]),
  plain([1, 7, 19, 9], [3, 3], [2, 2], [1, 1, 1, 1]),
  plain([1, 10, 10, 130], [5, 5], [1, 1], [2, 2, 2, 2]),
  plain([2, 17, 38, 7], [5, 5], [2, 2], [1, 2, 2, 1]),
  plain([1, 11, 23, 24], [3, 3], [3, 3], [1, 0, 0, 2]),
  plain([1, 14, 20, 33], [3, 3], [1, 1], [2, 2, 2, 2], [2, 2]),
  plain([1, 14, 20, 5], [3, 3], [1, 1], [3, 0, 3, 0], [3, 1]),
  plain([1, 4, 30, 17], [1, 7], [1, 1], [0, 3, 0, 3]),
  plain([1, 12, 3, 8], [4, 1], [1, 1], [1, 0, 2, 0]),
  plain([1, 3, 3, 20], [7, 7], [1, 1], [3, 3, 3, 3]),
  plain([1, 1, 1, 1], [3, 3], [1, 1], [1, 1, 1, 1]),
  plain([1, 6, 17, 3], [2, 2], [1, 2], [0, 0, 0, 0]),
  plain([2, 5, 6, 300], [3, 3], [1, 1], [1, 1, 1, 1]),
  { ...windowCase([1, 8, 9, 5], [3, 3], [1, 2], [1, 1, 1, 1]), multiplier: 3 },
]

/** The int32 sums of centred codes and weights, [N,P,Q,O]. `zero`: of an image's codes. */
export function centredSums(
  c: DepthwiseCase,
  x: Uint8Array,
  zero: (image: number) => number,
  weight: Int8Array,
  weightZero: number,
): Int32Array {
  const outputs = c.x[3] * c.multiplier
  const sums = new Int32Array(c.x[0] * c.output[0] * c.output[1] * outputs)
  let at = 0
  for (const place of outputsOf(c)) {
    for (let o = 0; o < outputs; o++, at++) {
      cellsOf(c, place, (tap, from) => {
        const code = x[from + Math.floor(o / c.multiplier)]! - zero(place[0])
        sums[at]! += code * (weight[tap * outputs + o]! - weightZero)
      })
    }
  }
  return sums
}
