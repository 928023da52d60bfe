// Ops that compute element by element or along one axis: one function each, which adds the step and returns what it
// computes. The contracts are in native/kernels/<op>/<op>.h.
import { binaryKinds, reductions } from '../../../src/program/attribute-numbers.js'
import type { Fused, ProgramBuilder, Tensor } from '../../../src/program/builder.js'

/** Types of activations. */
export type ActivationType = 'f32' | 'i32' | 'u8'

/** Where a step's result goes: a part of a concatenation. Without it, into a tensor of its own. */
export interface Into {
  readonly into?: Tensor
}

/** x through the fused steps, f32 or u8; without steps a copy, of i32 too. Any shape. */
export function elementwise(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  fused: readonly Fused[] = [],
  { into }: Into = {},
): Tensor {
  const y = into ?? p.intermediate(x.dtype as ActivationType, ...x.shape)
  p.step('elementwise', label, [x], [y], {}, fused)
  return y
}

/** A scale and a zero point from 0 to 255: real = scale * (code - zero). */
export interface CodeScale {
  readonly scale: number
  readonly zero: number
}

/**
 * f32 to u8 codes, in float32.
 * @param rounding 'layer': round(x * (1 / scale)) + zero, as XNNPACK; 'input': round(x / scale + zero), as NumPy
 */
export function quantize(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  { scale, zero }: CodeScale,
  rounding: 'layer' | 'input',
  { into }: Into = {},
): Tensor {
  const y = into ?? p.intermediate('u8', ...x.shape)
  p.step('quantize', label, [x], [y], { scale, zero, mode: rounding === 'input' ? 1 : 0 })
  return y
}

/** u8 codes to f32. */
export function dequantize(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  { scale, zero }: CodeScale,
  { into }: Into = {},
): Tensor {
  const y = into ?? p.intermediate('f32', ...x.shape)
  p.step('dequantize', label, [x], [y], { scale, zero })
  return y
}

/** By value, among f32, i32 and u8; to integers cut off and saturated. */
export function cast(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  to: ActivationType,
  { into }: Into = {},
): Tensor {
  const y = into ?? p.intermediate(to, ...x.shape)
  p.step('cast', label, [x], [y])
  return y
}

export type BinaryKind = (typeof binaryKinds)[number]

/** Two operands of one type, broadcast as numpy does; from 'equal' on the result is u8 0 or 1. */
export function binary(
  p: ProgramBuilder,
  label: string,
  kind: BinaryKind,
  a: Tensor,
  b: Tensor,
  { into }: Into = {},
): Tensor {
  const number = binaryKinds.indexOf(kind)
  const dtype = number >= binaryKinds.indexOf('equal') ? 'u8' : (a.dtype as ActivationType)
  const y = into ?? p.intermediate(dtype, ...broadcast(a.shape as number[], b.shape as number[]))
  p.step('binary', label, [a, b], [y], { kind: number })
  return y
}

/** condition ? a : b; condition u8, the three broadcast as numpy does. */
export function select(
  p: ProgramBuilder,
  label: string,
  condition: Tensor,
  a: Tensor,
  b: Tensor,
  { into }: Into = {},
): Tensor {
  const shape = [condition, a, b].map((tensor) => tensor.shape as number[]).reduce(broadcast)
  const y = into ?? p.intermediate(a.dtype as ActivationType, ...shape)
  p.step('select', label, [condition, a, b], [y])
  return y
}

/** Of beta * x, over the last axis. */
export function softmax(
  p: ProgramBuilder,
  label: string,
  x: Tensor,
  beta: number,
  { into }: Into = {},
): Tensor {
  const y = into ?? p.intermediate('f32', ...x.shape)
  p.step('softmax', label, [x], [y], { beta })
  return y
}

/** One axis of f32 to one element, which stays. */
export function reduce(
  p: ProgramBuilder,
  label: string,
  kind: (typeof reductions)[number],
  x: Tensor,
  axis: number,
): Tensor {
  const y = p.intermediate('f32', ...x.shape.map((size, d) => (d === axis ? 1 : size)))
  p.step('reduce', label, [x], [y], { kind: reductions.indexOf(kind), axis })
  return y
}

/** The greater of two sizes along each axis, lined up from the last: what they broadcast to, if they do. */
function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  const at = (shape: readonly number[], d: number) => shape[d - rank + shape.length] ?? 1
  return Array.from({ length: rank }, (_, d) => (at(a, d) === 1 ? at(b, d) : at(a, d)))
}
