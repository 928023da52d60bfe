// Steps on float32 between codes: dequantized where they come in, rounded once at the end.
import { elements } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node, TensorType } from '../../../graph/graph.js'
import { isUnary } from '../../../graph/operation.js'
import { scaleOf } from '../../../graph/quantization.js'
import { readValues } from '../../../graph/values.js'
import type { Fused, Tensor } from '../../../program/builder.js'
import { codeAt, codesOf } from './codes.js'
import type { Lowering } from './lowering.js'
import { clamp, type ElementwiseStep, floatOperations, operandValue, unaryStep } from './steps.js'

const { fround } = Math

/** What a chain of steps on codes begins with. */
export function dequantized(input: TensorType): Fused {
  const { scale, zero } = codesOf(input)
  return { op: 'dequantize', attributes: { scale, zero } }
}

/** A chain whose result is codes. A clamp at its end is one of the codes. */
export function quantized(steps: readonly Fused[], result: TensorType): Fused[] {
  const codes = codesOf(result)
  const last = steps.at(-1)
  const bounds = last?.op === 'clamp' ? last.attributes! : undefined
  const { lo, hi } = (bounds ?? { lo: -Infinity, hi: Infinity }) as { lo: number; hi: number }
  const attributes = {
    multiplier: fround(1 / codes.scale),
    zero: codes.zero,
    lo: lo === -Infinity ? 0 : codeAt(codes, lo),
    hi: hi === Infinity ? 255 : codeAt(codes, hi),
  }
  return [...(bounds ? steps.slice(0, -1) : steps), { op: 'quantize', attributes }]
}

/** One operation, without the rounding of its result. */
export function realStep(l: Lowering, node: Node, step: ElementwiseStep, out: Tensor): Fused[] {
  const { operation, operand, operandFirst = false } = step
  if (isUnary(operation)) return [unaryStep(operation)]
  const names = floatOperations[operation.op]
  if (!operand || !names || !('activation' in operation)) {
    return l.refuse(node, `expected add, sub or mul of codes, found ${operation.op}`)
  }
  const after = clamp(operation.activation)
  const constant = realConstant(l, operand, out)
  if (constant) return [{ op: names[operandFirst ? 1 : 0], operand: constant }, ...after]
  const { scale, zero } = codesOf(operand)
  const read = operandValue(l, node, operand, out)
  const stepOf = (op: string, factor: number): Fused => {
    return { op, operand: read.operand, attributes: { ...read.attributes, scale: factor, zero } }
  }
  if (operation.op === 'mul') return [stepOf('multiply_dequantized', scale), ...after]
  if (operation.op === 'add') return [stepOf('add_dequantized', scale), ...after]
  if (operandFirst) return [{ op: 'negate' }, stepOf('add_dequantized', scale), ...after]
  return [stepOf('add_dequantized', -scale), ...after]
}

/** Constant codes as the float32 that they stand for: one a channel, or one. */
function realConstant(l: Lowering, operand: GraphTensor, out: Tensor): Tensor | undefined {
  const { shape } = operand
  const count = elements(shape)
  const channels = shape.at(-1) === out.shape.at(-1) && count === shape.at(-1)
  if (!operand.constant || (count !== 1 && !channels)) return undefined
  return l.shared(operand, 'real', () => {
    const { scale, zeroPoint } = scaleOf(operand)
    const values = Float32Array.from(readValues(operand), (code) => fround(scale * (code - zeroPoint)))
    return l.numbers(operand.name, values, shape)
  })
}
