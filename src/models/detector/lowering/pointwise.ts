// Elementwise nodes: fused steps on a copy where the kernels have such a step, else the op `binary`.
import { sameShape } from '../../../graph/geometry.js'
import { type Tensor as GraphTensor, type Node, sameQuantization } from '../../../graph/graph.js'
import type { Binary } from '../../../graph/operation.js'
import { binaryKinds } from '../../../program/attribute-numbers.js'
import type { Tensor } from '../../../program/builder.js'
import { broadcastTo } from './broadcast.js'
import { hasCodes } from './codes.js'
import { elementwiseSteps } from './fused.js'
import type { Lowering } from './lowering.js'

/** One input, the type kept. */
export function unary(l: Lowering, node: Node): void {
  const [x] = node.inputs as readonly [GraphTensor]
  const [output] = node.outputs as readonly [GraphTensor]
  const out = l.define(output)
  const result = node.fused?.[0]?.input ?? output
  const own = { operation: node.operation, input: x, result }
  l.copy(l.value(x), out, node.name, elementwiseSteps(l, node, own, out))
}

export function binary(l: Lowering, node: Node, operation: Binary): void {
  const [a, b] = node.inputs as readonly [GraphTensor, GraphTensor]
  if (isStep(operation, a)) steps(l, node, operation, a, b)
  else general(l, node, operation, a, b)
}

/** Whether there is a fused step for it. Extrema of codes compare the codes themselves. */
export function isStep({ op }: Binary, operand: GraphTensor): boolean {
  const codes = hasCodes(operand)
  if (op === 'add' || op === 'sub' || op === 'mul') return codes || operand.dtype === 'f32'
  return (op === 'div' || op === 'maximum' || op === 'minimum') && operand.dtype === 'f32'
}

function steps(l: Lowering, node: Node, operation: Binary, a: GraphTensor, b: GraphTensor): void {
  const [output] = node.outputs as readonly [GraphTensor]
  const out = l.define(output)
  // The input of the result's shape is what the steps begin with: the computed one of two.
  const operandFirst =
    !sameShape(a.shape, output.shape) || (a.constant !== undefined && sameShape(b.shape, output.shape))
  const [input, operand] = operandFirst ? [b, a] : [a, b]
  const result = node.fused?.[0]?.input ?? output
  const own = { operation, input, result, operand, operandFirst }
  l.copy(fullShape(l, node, input, output), out, node.name, elementwiseSteps(l, node, own, out))
}

function fullShape(l: Lowering, node: Node, input: GraphTensor, { shape }: GraphTensor): Tensor {
  if (sameShape(input.shape, shape)) return l.value(input)
  return broadcastTo(l, input, shape, `${node.name}/broadcast`)
}

function general(l: Lowering, node: Node, operation: Binary, a: GraphTensor, b: GraphTensor): void {
  const [output] = node.outputs as readonly [GraphTensor]
  if ('activation' in operation && operation.activation !== 'none') {
    l.refuse(node, `expected no activation of ${a.dtype}, found ${operation.activation}`)
  }
  if ((hasCodes(a) || hasCodes(b)) && !sameQuantization(a, b)) {
    l.refuse(node, 'expected codes of one scale, found two')
  }
  const operands = [l.value(a), l.value(b)]
  binaryStep(l, node.name, operation.op, operands, l.define(output))
}

/** Any two operands that broadcast. */
export function binaryStep(
  l: Lowering,
  label: string,
  op: Binary['op'],
  operands: readonly Tensor[],
  y: Tensor,
): void {
  l.step('binary', label, operands, [y], { kind: binaryKinds.indexOf(op) })
}
