// Convolutions in float64 from their definitions, by loops that share nothing with the kernels, and how far a float32
// result may be from them.
import { expect } from 'vitest'
import type { ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import {
  type ConvolutionWindow,
  type FloatConvolution,
  transposedTaps,
} from '../../../src/program/convolution-ops.js'
import { randomValues } from '../quant/reference.js'
import type { LoadedCase } from './weight-cases.js'

export type Shape = readonly [n: number, h: number, w: number, c: number]

/** A window on x, giving y. */
export interface Case {
  readonly x: Shape
  readonly y: Shape
  readonly window: ConvolutionWindow
}

export const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

export const columnsOf = ({ x, window: { size } }: Case) => size[0] * size[1] * x[3]

export interface Values {
  readonly x: Float32Array
  /** [O, columns], the columns in the op's order. */
  readonly weight: Float32Array
  readonly bias: Float32Array
}

export function valuesOf(c: Case, { values }: LoadedCase): Values {
  return { x: randomValues(elements(c.x), 3), weight: values, bias: randomValues(c.y[3], 5) }
}

/** Adds the operands of one convolution to a program. */
export function operandsOf(p: ProgramBuilder, c: Case): FloatConvolution {
  return {
    x: p.input('x', 'f32', ...c.x),
    weight: p.weight('w', c.y[3], columnsOf(c)),
    bias: p.input('bias', 'f32', c.y[3]),
  }
}

/** Adds a tensor for its result. */
export const resultOf = (p: ProgramBuilder, c: Case): Tensor => p.intermediate('f32', ...c.y)

/** What each output is, and the sum of its terms' magnitudes: both [N, P, Q, O]. */
export interface Exact {
  readonly value: Float64Array
  readonly magnitude: Float64Array
}

type Place = readonly [n: number, h: number, w: number]

/** Calls `visit` with each cell of x, each tap of the window, and the cell of y that they meet in. */
type Walk = (c: Case, visit: (from: Place, tap: number, to: Place) => void) => void

export const convolutionWalk: Walk = ({ x, y, window: { size, stride, dilation = [1, 1], pad } }, visit) => {
  for (let n = 0; n < y[0]; n++) {
    for (let p = 0; p < y[1]; p++) {
      for (let q = 0; q < y[2]; q++) {
        for (let tap = 0; tap < size[0] * size[1]; tap++) {
          const h = p * stride[0] + Math.floor(tap / size[1]) * dilation[0] - pad.top
          const w = q * stride[1] + (tap % size[1]) * dilation[1] - pad.left
          if (h >= 0 && h < x[1] && w >= 0 && w < x[2]) visit([n, h, w], tap, [n, p, q])
        }
      }
    }
  }
}

export const transposedWalk: Walk = ({ x, y, window }, visit) => {
  const { stride, pad } = window
  const taps = transposedTaps(window)
  for (let n = 0; n < x[0]; n++) {
    for (let h = 0; h < x[1]; h++) {
      for (let w = 0; w < x[2]; w++) {
        for (const [tap, [kh, kw]] of taps.entries()) {
          const p = h * stride[0] + kh - pad.top
          const q = w * stride[1] + kw - pad.left
          if (p >= 0 && p < y[1] && q >= 0 && q < y[2]) visit([n, h, w], tap, [n, p, q])
        }
      }
    }
  }
}

const at = ([, h, w, c]: Shape, [n, row, column]: Place) => ((n * h + row) * w + column) * c

export function exactly(walk: Walk, c: Case, { x, weight, bias }: Values): Exact {
  const [inputs, outputs, columns] = [c.x[3], c.y[3], columnsOf(c)]
  const value = Float64Array.from({ length: elements(c.y) }, (_, i) => bias[i % outputs]!)
  const magnitude = value.map(Math.abs)
  walk(c, (from, tap, to) => {
    const [source, target] = [at(c.x, from), at(c.y, to)]
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const term = x[source + i]! * weight[o * columns + tap * inputs + i]!
        value[target + o]! += term
        magnitude[target + o]! += Math.abs(term)
      }
    }
  })
  return { value, magnitude }
}

/** The bound that native/kernels/convolution/float_reference.cc states, for any one order of the sums. */
export function expectClose(found: Float32Array, { value, magnitude }: Exact, columns: number): void {
  expect(found).toHaveLength(value.length)
  const u = columns * 2 ** -24
  let worst = 0
  for (let i = 0; i < found.length; i++) {
    const error = Math.abs(found[i]! - value[i]!) / ((u / (1 - u)) * magnitude[i]! || 1)
    if (!(error <= worst)) worst = error
  }
  expect(worst).toBeLessThanOrEqual(1)
}
