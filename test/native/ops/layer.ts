// What makes the builders of layers with a window: operands in the op's order, the window as attributes.
import type { Fused, ProgramBuilder, Tensor } from '../../../src/program/builder.js'
import { type Bounds, type Window, windowAttributes, type Zeros, zeroAttributes } from './window.js'

/** Writes `y`, an intermediate tensor or a part of a concatenation, and returns it. */
export type Layer<Operands> = (
  p: ProgramBuilder,
  label: string,
  operands: Operands,
  window: Window,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
) => Tensor

/** As Layer, of codes whose zero points are attributes. */
export type CodesLayer<Operands> = (
  p: ProgramBuilder,
  label: string,
  operands: Operands,
  window: Window,
  zeros: Zeros,
  y: Tensor,
  bounds?: Bounds,
  fused?: readonly Fused[],
) => Tensor

type Attributes = (window: Window) => Record<string, number>

/** @param inputs in the op's order */
export function layer<Operands>(
  op: string,
  inputs: (operands: Operands) => readonly Tensor[],
  attributesOf: Attributes = windowAttributes,
): Layer<Operands> {
  return (p, label, operands, window, y, bounds, fused) => {
    p.step(op, label, inputs(operands), [y], { ...attributesOf(window), ...bounds }, fused)
    return y
  }
}

/** @param inputs in the op's order */
export function codesLayer<Operands>(
  op: string,
  inputs: (operands: Operands) => readonly Tensor[],
  attributesOf: Attributes = windowAttributes,
): CodesLayer<Operands> {
  return (p, label, operands, window, zeros, y, bounds, fused) => {
    const attributes = (of: Window) => ({ ...attributesOf(of), ...zeroAttributes(zeros) })
    return layer(op, inputs, attributes)(p, label, operands, window, y, bounds, fused)
  }
}
