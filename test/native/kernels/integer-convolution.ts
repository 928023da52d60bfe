// Integer convolutions from their definitions, by loops that share nothing with the kernels.
import type { WeightHandle } from '../../../src/native/face.js'
import type { ProgramBuilder } from '../../../src/program/builder.js'
import type { DynamicConvolution, U8Convolution } from '../ops/convolution-u8.js'
import { load } from '../quant/loaded.js'
import { type Case, columnsOf, elements } from './convolution-case.js'
import { at, type Place, type Walk } from './float-convolution.js'
import { integers, uniform } from './random.js'

/** Codes and what they stand for; `params` has the scale and zero of rows of x, [R, 2]. */
export interface Codes {
  readonly x: Uint8Array
  readonly weight: Int8Array
  readonly xZero: (place: Place) => number
  readonly wZero: number
}

/** sum (x - x_zero) * (w - w_zero), [N, P, Q, O]. */
export function sums(walk: Walk, c: Case, { x, weight, xZero, wZero }: Codes): Int32Array {
  const [inputs, outputs, columns] = [c.x[3], c.y[3], columnsOf(c)]
  const sum = new Int32Array(elements(c.y))
  walk(c, (from, tap, to) => {
    const [source, target, zero] = [at(c.x, from), at(c.y, to), xZero(from)]
    for (let o = 0; o < outputs; o++) {
      let part = 0
      for (let i = 0; i < inputs; i++) {
        part += (x[source + i]! - zero) * (weight[o * columns + tap * inputs + i]! - wZero)
      }
      sum[target + o]! += part
    }
  })
  return sum
}

/** To the nearest integer, halves to even. */
export function roundEven(x: number): number {
  const below = Math.floor(x)
  return x - below < 0.5 || (x - below === 0.5 && below % 2 === 0) ? below : below + 1
}

const clamp = (x: number, lo: number, hi: number) => Math.min(Math.max(x, lo), hi)

export interface Requantization {
  readonly bias: Int32Array
  readonly multiplier: Float32Array
  readonly lo: number
  readonly hi: number
}

const scaled = (sum: Int32Array, { bias, multiplier }: Requantization, i: number) => {
  const o = i % bias.length
  return Math.fround(Math.fround((sum[i]! + bias[o]!) | 0) * multiplier[o]!)
}

export function requantized(sum: Int32Array, r: Requantization, yZero: number): Uint8Array {
  // NaN becomes lo.
  return Uint8Array.from(sum, (_, i) => clamp(roundEven(scaled(sum, r, i)) + yZero, r.lo, r.hi) || r.lo)
}

export function widened(sum: Int32Array, r: Requantization): Float32Array {
  return Float32Array.from(sum, (_, i) => clamp(scaled(sum, r, i), r.lo, r.hi))
}

/** `scale(i)`: of the row of x that output pixel i was computed from. */
export function dequantized(
  sum: Int32Array,
  scale: (pixel: number) => number,
  weightScale: Float32Array,
  bias: Float32Array,
): Float32Array {
  const outputs = bias.length
  return Float32Array.from(sum, (acc, i) => {
    const product = Math.fround(Math.fround(acc) * scale(Math.floor(i / outputs)))
    return Math.fround(Math.fround(product * weightScale[i % outputs]!) + bias[i % outputs]!)
  })
}

/** Every code from 0 to 255, or of weights -128 to 127, as likely as another. */
export const randomCodes = (seed: number, length: number) => Uint8Array.from(integers(seed, length, 256))
export const randomWeights = (seed: number, length: number) =>
  Int8Array.from(integers(seed, length, 256), (code) => code - 128)

export function between(seed: number, length: number, lo: number, hi: number): Float32Array {
  const random = uniform(seed)
  return Float32Array.from({ length }, () => lo + (hi - lo) * random())
}

export async function loadCodes(c: Case, weight: Int8Array, tapCols: number): Promise<WeightHandle> {
  const source = { kind: 'codes', values: weight, rows: c.y[3], cols: columnsOf(c) } as const
  return (await load(source, { kind: 'i8', tapCols })).handle
}

/** The operands of conv2d_u8 and its transposed form, in a program. */
export function u8OperandsOf(p: ProgramBuilder, c: Case): U8Convolution {
  return {
    x: p.input('x', 'u8', ...c.x),
    weight: p.weight('w', c.y[3], columnsOf(c)),
    bias: p.input('bias', 'i32', c.y[3]),
    multiplier: p.input('multiplier', 'f32', c.y[3]),
  }
}

/** Their values; results spread over all codes and somewhat beyond. */
export function u8ValuesOf(c: Case) {
  const outputs = c.y[3]
  const typical = 1 / (40 * Math.sqrt(columnsOf(c)))
  return {
    x: randomCodes(3, elements(c.x)),
    weight: randomWeights(4, outputs * columnsOf(c)),
    bias: Int32Array.from(integers(5, outputs, 20_000), (b) => b - 10_000),
    multiplier: between(6, outputs, typical / 3, typical),
  }
}

/** The operands of conv2d_dynamic and its transposed form, `rows` rows of x having parameters. */
export function dynamicOperandsOf(p: ProgramBuilder, c: Case, rows: number): DynamicConvolution {
  return {
    x: p.input('x', 'u8', ...c.x),
    params: p.input('params', 'f32', rows, 2),
    weight: p.weight('w', c.y[3], columnsOf(c)),
    weightScale: p.input('weightScale', 'f32', c.y[3]),
    bias: p.input('bias', 'f32', c.y[3]),
  }
}

export function dynamicValuesOf(c: Case, rows: number) {
  const [scales, zeros] = [between(7, rows, 0.001, 0.1), integers(8, rows, 256)]
  return {
    x: randomCodes(3, elements(c.x)),
    weight: randomWeights(4, c.y[3] * columnsOf(c)),
    params: Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? zeros : scales)[i >> 1]!),
    weightScale: between(9, c.y[3], 0.0001, 0.01),
    bias: between(10, c.y[3], -10, 10),
  }
}
