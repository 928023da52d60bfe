// Sizes of the convolutions that the tests compute.
import type { Window } from '../ops/window.js'

export type Shape = readonly [n: number, h: number, w: number, c: number]

/** A window on x, giving y. */
export interface Case {
  readonly x: Shape
  readonly y: Shape
  readonly window: Window
}

export const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

export const columnsOf = ({ x, window: { size } }: Case) => size[0] * size[1] * x[3]

export type Pair = readonly [number, number]

/** `pad` top, left, bottom, right. */
export function caseOf(
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

/** Of a transposed convolution; `pad` top, left, bottom, right: what is cut off the full result. */
export function transposedCaseOf(
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
