// Windows on images, for the tests of the ops that have them.
import type { Window } from '../ops/window.js'

export interface WindowCase {
  readonly name: string
  readonly x: readonly [n: number, h: number, w: number, c: number]
  readonly window: Window
  readonly output: readonly [p: number, q: number]
}

type Pair = readonly [number, number]

/** `pad` top, left, bottom, right. */
export function windowCase(
  x: WindowCase['x'],
  size: Pair,
  stride: Pair,
  [top, left, bottom, right]: readonly [number, number, number, number],
  dilation: Pair = [1, 1],
): WindowCase {
  const count = (axis: 0 | 1, pad: number) =>
    Math.floor((x[1 + axis]! + pad - (size[axis] - 1) * dilation[axis] - 1) / stride[axis]) + 1
  return {
    name: `${x} window ${size} stride ${stride} dilation ${dilation} pad ${[top, left, bottom, right]}`,
    x,
    window: { size, stride, dilation, pad: { top, left } },
    output: [count(0, top + bottom), count(1, left + right)],
  }
}

/** Calls `visit` with each cell of an output's window that is no padding: its tap and its place in x, channel 0. */
export function cellsOf(
  { x: [, h, w, c], window }: WindowCase,
  [n, row, column]: readonly [number, number, number],
  visit: (tap: number, at: number) => void,
): void {
  const { size, stride, dilation = [1, 1], pad } = window
  for (let ky = 0; ky < size[0]; ky++) {
    for (let kx = 0; kx < size[1]; kx++) {
      const y = row * stride[0] + ky * dilation[0] - pad.top
      const x = column * stride[1] + kx * dilation[1] - pad.left
      if (y >= 0 && y < h && x >= 0 && x < w) visit(ky * size[1] + kx, ((n * h + y) * w + x) * c)
    }
  }
}

/** Each output's place: [n, row, column], row by row. */
export function* outputsOf({ x: [n], output: [p, q] }: WindowCase) {
  for (let image = 0; image < n; image++)
    for (let row = 0; row < p; row++)
      for (let column = 0; column < q; column++) yield [image, row, column] as const
}
