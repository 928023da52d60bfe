// Elementwise operations as fused steps (native/core/fused.h), on float32 or on codes.
import { elements, sameShape } from '../../../graph/geometry.js'
import type { Tensor as GraphTensor, Node, TensorType } from '../../../graph/graph.js'
import { type Activation, isUnary, type Operation } from '../../../graph/operation.js'
import { roundToEven } from '../../../graph/quantization.js'
import type { Fused, Tensor } from '../../../program/builder.js'
import { broadcastTo } from './broadcast.js'
import { type Codes, codeBounds, codesOf, hasCodes, realBounds } from './codes.js'
import type { Lowering } from './lowering.js'
import { logicalNotTable, unaryTable } from './tables.js'

const { fround } = Math

/** One elementwise operation between its types. */
export interface ElementwiseStep {
  readonly operation: Operation
  /** What it reads first, or second where `operandFirst`. */
  readonly input: TensorType
  readonly result: TensorType
  readonly operand?: GraphTensor
  readonly operandFirst?: boolean
}

/** One operation as steps on a result of the shape of `out`. */
export function lowerStep(l: Lowering, node: Node, step: ElementwiseStep, out: Tensor): Fused[] {
  const { operation, input, result, operand } = step
  if (input.dtype === 'bool') {
    if (operation.op !== 'logical_not') return l.refuse(node, `expected no ${operation.op} of truth values`)
    return [lookup(l, `${node.name}/table`, logicalNotTable())]
  }
  const codes = hasCodes(input)
  if (
    codes !== hasCodes(result) ||
    (operand && codes !== hasCodes(operand)) ||
    (!codes && input.dtype !== 'f32')
  ) {
    return l.refuse(
      node,
      `expected float32 or codes with scales in and out of ${operation.op}, found a mixture`,
    )
  }
  if (isUnary(operation)) {
    if (!codes) return [unaryStep(operation)]
    return [lookup(l, `${node.name}/table`, unaryTable(operation, codesOf(input), codesOf(result)))]
  }
  if (!operand) return l.refuse(node, `expected an elementwise operation, found ${operation.op}`)
  const read = operandValue(l, node, operand, out)
  if (codes) return [codeStep(l, node, step, codesOf(operand), read)]
  const name = floatOperations[operation.op]?.[step.operandFirst ? 1 : 0]
  if (!name) return l.refuse(node, `expected an elementwise operation, found ${operation.op}`)
  return [{ op: name, ...read }, ...clamp('activation' in operation ? operation.activation : 'none')]
}

/** With the operand second, and with the operand first. */
export const floatOperations: Readonly<Partial<Record<Operation['op'], readonly [string, string]>>> = {
  add: ['add', 'add'],
  sub: ['subtract', 'reverse_subtract'],
  mul: ['multiply', 'multiply'],
  div: ['divide', 'reverse_divide'],
  maximum: ['maximum', 'maximum'],
  minimum: ['minimum', 'minimum'],
}

export function clamp(activation: Activation): Fused[] {
  return activation === 'none' ? [] : [{ op: 'clamp', attributes: { ...realBounds(activation) } }]
}

export function unaryStep(operation: Operation): Fused {
  switch (operation.op) {
    case 'relu':
    case 'relu6':
    case 'relu_n1_to_1':
      return clamp(operation.op)[0]!
    case 'hard_swish':
    case 'hard_sigmoid':
      return { op: operation.op, attributes: { sixth: operation.sixth } }
    case 'leaky_relu':
      return { op: 'leaky_relu', attributes: { alpha: operation.alpha } }
    case 'neg':
      return { op: 'negate' }
    default:
      return { op: operation.op }
  }
}

export function lookup(l: Lowering, name: string, table: Uint8Array): Fused {
  return { op: 'lookup', operand: l.numbers(name, table) }
}

/** docs/detector-arithmetic.md has the formulas. */
function codeStep(l: Lowering, node: Node, step: ElementwiseStep, other: Codes, read: Operand): Fused {
  const { operation, operandFirst = false } = step
  const x = codesOf(step.input)
  const y = codesOf(step.result)
  const activation = 'activation' in operation ? operation.activation : 'none'
  const zeros = { x_zero: x.zero, operand_zero: other.zero, y_zero: y.zero, ...codeBounds(activation, y) }
  const stepOf = (op: string, factors: Readonly<Record<string, number>>): Fused => {
    return { op, operand: read.operand, attributes: { ...factors, ...zeros, ...read.attributes } }
  }
  switch (operation.op) {
    case 'add':
      return stepOf('add_codes', sumFactors(x, other, y, 1, 1))
    case 'sub': {
      const factors = operandFirst ? sumFactors(x, other, y, -1, 1) : sumFactors(x, other, y, 1, -1)
      return stepOf('add_codes', factors)
    }
    case 'mul': {
      const multiplier = fround(fround(x.scale * other.scale) / y.scale)
      return stepOf('multiply_codes', { multiplier })
    }
    default:
      return l.refuse(node, `expected add, sub or mul of codes, found ${operation.op}`)
  }
}

/** Both scales in steps of the result's, as whole numbers of 21 bits and a common shift (XNNPACK, qs8-vadd). */
function sumFactors(x: Codes, other: Codes, y: Codes, sign: 1 | -1, operandSign: 1 | -1) {
  const a = fround(x.scale / y.scale)
  const b = fround(other.scale / y.scale)
  const shift = 20 - Math.floor(Math.log2(Math.max(a, b)))
  return {
    factor: sign * roundToEven(a * 2 ** shift),
    operand_factor: operandSign * roundToEven(b * 2 ** shift),
    shift,
  }
}

/** What a fused step reads, and with which strides. */
export interface Operand {
  readonly operand: Tensor
  readonly attributes?: { readonly stride_h: number; readonly stride_w: number }
}

/** An operand as fused steps read it: of the result's shape, pixels of an image, one value a channel, or one value. */
export function operandValue(l: Lowering, node: Node, operand: GraphTensor, out: Tensor): Operand {
  const shape = out.shape as readonly number[]
  const count = elements(operand.shape)
  const label = `${node.name}/operand`
  if (count === elements(shape)) {
    if (operand.constant) return { operand: l.constantOf(operand, shape) }
    const strided = sameShape(shape, operand.shape) ? l.stridedImage(operand) : undefined
    if (!strided) return { operand: l.reshaped(l.value(operand), shape, label) }
    const [stride_h, stride_w] = strided.stride
    return { operand: strided.image, attributes: { stride_h, stride_w } }
  }
  const channels = operand.shape.at(-1) === shape.at(-1) && count === shape.at(-1)
  const whole = count === 1 || channels ? l.value(operand) : broadcastTo(l, operand, shape, label)
  return { operand: whole }
}
