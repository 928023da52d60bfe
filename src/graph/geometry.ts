import type { Padding2d, Pair } from './operation.js'

/** Rows that a window moves over: `size` plus padding, down to the last whole step. 0 or less: the window does not fit. */
export function windowCount(
  size: number,
  before: number,
  after: number,
  window: number,
  stride: number,
  dilation: number,
): number {
  const reach = (window - 1) * dilation + 1
  return Math.floor((size + before + after - reach) / stride) + 1
}

/** TensorFlow's SAME along one axis: ceil(size / stride) results, the odd cell of padding at the end. */
function samePadding(size: number, window: number, stride: number, dilation: number): [number, number] {
  const reach = (window - 1) * dilation + 1
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0)
  const before = Math.floor(total / 2)
  return [before, total - before]
}

export const noPadding: Padding2d = { top: 0, left: 0, bottom: 0, right: 0 }

/** TensorFlow's SAME for an image of `size`. */
export function samePadding2d(size: Pair, window: Pair, stride: Pair, dilation: Pair): Padding2d {
  const [top, bottom] = samePadding(size[0], window[0], stride[0], dilation[0])
  const [left, right] = samePadding(size[1], window[1], stride[1], dilation[1])
  return { top, left, bottom, right }
}

/**
 * What a transposed convolution with SAME padding leaves out at the top and left: the padding of the convolution that it
 * is the transpose of, from `output` back to `input`.
 */
export function sameTransposePadding(input: Pair, output: Pair, window: Pair, stride: Pair): Pair {
  const before = (axis: 0 | 1) =>
    Math.floor(Math.max((input[axis] - 1) * stride[axis] + window[axis] - output[axis], 0) / 2)
  return [before(0), before(1)]
}

/** The shape that numpy broadcasting gives, or undefined where the shapes do not go together. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length)
  const shape: number[] = []
  for (let i = 0; i < rank; i++) {
    const p = a[a.length - rank + i] ?? 1
    const q = b[b.length - rank + i] ?? 1
    if (p !== q && p !== 1 && q !== 1) return undefined
    shape.push(p === 1 ? q : p)
  }
  return shape
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i])
}

/** Elements of a shape whose sizes are known to be sound. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Distance between neighbours along each axis, row-major. */
export function strides(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length)
  let step = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    result[i] = step
    step *= shape[i]!
  }
  return result
}
