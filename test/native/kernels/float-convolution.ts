// What the tests of conv2d and transpose_conv2d share: convolutions in float64 from their definitions, by loops that share
// nothing with the kernels, and programs that are held against them on every instruction set.
import { expect } from 'vitest'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import { conv2d, type FloatConvolution, transposeConv2d, transposedTaps } from '../ops/convolution.js'
import type { Window } from '../ops/window.js'
import { randomValues } from '../quant/reference.js'
import { type Case, columnsOf, elements, type Shape } from './convolution-case.js'
import { type Build, onReference, sameOnEveryIsa } from './one-step.js'
import { type LoadedCase, loadCase, type WeightCase, weightCases } from './weight-cases.js'

interface Values {
  readonly x: Float32Array
  /** [O, columns], the columns in the op's order. */
  readonly weight: Float32Array
  readonly bias: Float32Array
}

function valuesOf(c: Case, { values }: LoadedCase): Values {
  return { x: randomValues(elements(c.x), 3), weight: values, bias: randomValues(c.y[3], 5) }
}

/** Adds the operands of one convolution to a program. */
function operandsOf(p: ProgramBuilder, c: Case): FloatConvolution {
  return {
    x: p.input('x', 'f32', ...c.x),
    weight: p.weight('w', c.y[3], columnsOf(c)),
    bias: p.input('bias', 'f32', c.y[3]),
  }
}

/** What each output is, and the sum of its terms' magnitudes: both [N, P, Q, O]. */
interface Exact {
  readonly value: Float64Array
  readonly magnitude: Float64Array
}

export type Place = readonly [n: number, h: number, w: number]

/** Calls `visit` with each cell of x, each tap of the window, and the cell of y that they meet in. */
export type Walk = (c: Case, visit: (from: Place, tap: number, to: Place) => void) => void

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

export const at = ([, h, w, c]: Shape, [n, row, column]: Place) => ((n * h + row) * w + column) * c

function exactly(walk: Walk, c: Case, { x, weight, bias }: Values): Exact {
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
function expectClose(found: Float32Array, { value, magnitude }: Exact, columns: number): void {
  expect(found).toHaveLength(value.length)
  const u = columns * 2 ** -24
  let worst = 0
  for (let i = 0; i < found.length; i++) {
    const error = Math.abs(found[i]! - value[i]!) / ((u / (1 - u)) * magnitude[i]! || 1)
    if (!(error <= worst)) worst = error
  }
  expect(worst).toBeLessThanOrEqual(1)
}

/** One of the two ops. */
export interface Op {
  readonly step: typeof conv2d
  readonly walk: Walk
}

export const ordinary: Op = { step: conv2d, walk: convolutionWalk }
export const transposed: Op = { step: transposeConv2d, walk: transposedWalk }

export const f32 = weightCases.find(({ name }) => name === 'f32')!

/** Close to float64, and the same bits on every instruction set. */
export async function expectExact(op: Op, c: Case, weightCase: WeightCase, directory: string) {
  const loaded = await loadCase(directory, weightCase, c.y[3], columnsOf(c))
  const values = valuesOf(c, loaded)
  const build: Build = (p) => {
    p.output('y', op.step(p, 'conv', operandsOf(p, c), c.window, p.intermediate('f32', ...c.y)))
  }
  const inputs = { x: values.x, bias: values.bias }
  const { y } = await sameOnEveryIsa(build, inputs, new Map([['w', loaded.weight.handle]]))
  expectClose(y as Float32Array, exactly(op.walk, c, values), columnsOf(c))
}

/** Two convolutions of the last channels of one tensor, into the first and the last channels of another. */
export async function expectParts(op: Op, c: Case, directory: string) {
  const [inputs, outputs] = [c.x[3], c.y[3]]
  const [before, wide] = [13, inputs + 19]
  const whole = [c.x[0], c.x[1], c.x[2], wide] as const
  const loaded = await loadCase(directory, f32, outputs, columnsOf(c))
  const bounds = { lo: -0.5, hi: 0.25 }
  const build: Build = (p) => {
    const x = p.part(p.input('x', 'f32', ...whole), before, wide, ...c.x)
    const weight = p.weight('w', outputs, columnsOf(c))
    const bias = p.input('bias', 'f32', outputs)
    const y = p.intermediate('f32', c.y[0], c.y[1], c.y[2], 2 * outputs)
    const half = (first: number) => p.part(y, first, 2 * outputs, ...c.y)
    op.step(p, 'last', { x, weight, bias }, c.window, half(outputs))
    op.step(p, 'first', { x, weight, bias }, c.window, half(0), bounds)
    p.output('y', y)
  }
  const all = randomValues(elements(whole), 3)
  const bias = randomValues(outputs, 5)
  const { y } = await sameOnEveryIsa(build, { x: all, bias }, new Map([['w', loaded.weight.handle]]))
  const part = (from: ArrayLike<number>, rows: number, first: number, channels: number, width: number) =>
    Float32Array.from({ length: rows * channels }, (_, i) => {
      return from[Math.floor(i / channels) * width + first + (i % channels)]!
    })
  const x = part(all, elements(c.x) / inputs, before, inputs, wide)
  const half = (first: number) => part(y!, elements(c.y) / outputs, first, outputs, 2 * outputs)
  expectClose(half(outputs), exactly(op.walk, c, { x, weight: loaded.values, bias }), columnsOf(c))
  expect(half(0)).toEqual(half(outputs).map((v) => Math.min(Math.max(v, bounds.lo), bounds.hi)))
}

/** A fused step. */
export interface Step {
  readonly op: string
  /** Its operand's shape. */
  readonly operand?: readonly number[]
  readonly attributes?: Readonly<Record<string, number>>
}

/** With steps, on every instruction set, what `expected` makes of each result y[i] without them. */
export async function expectFused(
  op: Op,
  c: Case,
  steps: readonly Step[],
  expected: (y: number, operands: readonly Float32Array[], i: number) => number,
  directory: string,
) {
  const loaded = await loadCase(directory, f32, c.y[3], columnsOf(c))
  const weights = new Map([['w', loaded.weight.handle]])
  const { x, bias } = valuesOf(c, loaded)
  const shapes = steps.flatMap(({ operand }) => (operand ? [operand] : []))
  const values = shapes.map((shape, i) => randomValues(elements(shape), 11 + i))
  const build =
    (fused: boolean): Build =>
    (p) => {
      const operands = operandsOf(p, c)
      const tensors = shapes.map((shape, i) => p.input(`operand${i}`, 'f32', ...shape))
      const list = steps.map(({ op, operand, attributes = {} }) => ({
        op,
        attributes,
        ...(operand && { operand: tensors[shapes.indexOf(operand)]! }),
      }))
      const y = p.intermediate('f32', ...c.y)
      p.output('y', op.step(p, 'conv', operands, c.window, y, undefined, fused ? list : []))
    }
  const inputs = { x, bias, ...Object.fromEntries(values.map((v, i) => [`operand${i}`, v])) }
  const { y } = await sameOnEveryIsa(build(true), inputs, weights)
  const plain = (await onReference(build(false), inputs, weights))['y'] as Float32Array
  expect(y).toEqual(plain.map((v, i) => expected(v, values, i)))
}

export const sixth = Math.fround(1 / 6)

export function hardSwish(x: number): number {
  return Math.fround(Math.fround(x * sixth) * Math.min(Math.max(Math.fround(x + 3), 0), 6))
}

/** A NaN in one cell of x shows in the outputs that read it, and in no others. */
export async function expectNanStays(op: Op, c: Case, cell: Place, directory: string) {
  const loaded = await loadCase(directory, f32, c.y[3], columnsOf(c))
  const build: Build = (p) => {
    const bounds = { lo: 0, hi: 6 }
    p.output('y', op.step(p, 'conv', operandsOf(p, c), c.window, p.intermediate('f32', ...c.y), bounds))
  }
  const { x, bias } = valuesOf(c, loaded)
  x[at(c.x, cell) + 1] = Number.NaN
  const readers = new Set<number>()
  op.walk(c, (from, _, to) => {
    if (String(from) === String(cell)) readers.add(at(c.y, to))
  })
  const { y } = await sameOnEveryIsa(build, { x, bias }, new Map([['w', loaded.weight.handle]]))
  const channels = c.y[3]
  expect(readers.size).toBeGreaterThan(0)
  for (let i = 0; i < y!.length; i++) {
    expect(Number.isNaN(y![i]!), `output ${i}`).toBe(readers.has(i - (i % channels)))
  }
}

/** Plans a convolution of which something is `wrong`. */
export async function refusal(
  op: Op,
  c: Case,
  wrong: Partial<Window>,
  bounds: { lo: number; hi: number } | undefined,
  directory: string,
): Promise<() => unknown> {
  const loaded = await loadCase(directory, f32, c.y[3], columnsOf(c))
  const p = new ProgramBuilder()
  const y = p.intermediate('f32', ...c.y)
  p.output('y', op.step(p, 'conv', operandsOf(p, c), { ...c.window, ...wrong }, y, bounds))
  const session = new Session(p.build(), new Map([['w', loaded.weight.handle]]), { threads: 1 })
  return () => {
    try {
      session.plan({})
    } finally {
      session.close()
    }
  }
}
