// The steps of a node into which others are fused: each as the node that it was, or all of them on float32.

import type { Node } from '../../../graph/graph.js'
import { isBinary, isUnary, isWeighted, type Operation } from '../../../graph/operation.js'
import type { Fused, Tensor } from '../../../program/builder.js'
import { hasCodes } from './codes.js'
import type { Lowering } from './lowering.js'
import { dequantized, quantized, realStep } from './real-steps.js'
import { type ElementwiseStep, lowerStep } from './steps.js'

/** The steps that are fused into a node, for a result of this shape. */
export function fusedSteps(l: Lowering, node: Node, out: Tensor): Fused[] {
  const steps = stepsOf(node)
  if (!staysReal(l, node)) return steps.flatMap((step) => lowerStep(l, node, step, out))
  return quantized(
    steps.flatMap((step) => realStep(l, node, step, out)),
    node.outputs[0]!,
  )
}

/** An elementwise node as a step on its input, and the steps that are fused into it. */
export function elementwiseSteps(l: Lowering, node: Node, own: ElementwiseStep, out: Tensor): Fused[] {
  if (!staysReal(l, node)) return [...lowerStep(l, node, own, out), ...fusedSteps(l, node, out)]
  return [dequantized(own.input), ...realStep(l, node, own, out), ...fusedSteps(l, node, out)]
}

function stepsOf({ fused = [], outputs }: Node): ElementwiseStep[] {
  return fused.map((step, i) => ({ ...step, result: fused[i + 1]?.input ?? outputs[0]! }))
}

/**
 * Whether a relaxed program leaves out the rounding of the tensors that fusing steps into a node has removed: float32 goes
 * from step to step, and is rounded to the codes of the last one's result.
 */
export function staysReal(l: Lowering, node: Node): boolean {
  const steps = stepsOf(node)
  if (!l.relaxed || steps.length === 0 || !hasFloatsBefore(node.operation)) return false
  return steps.every(({ input, result, operand = result }) => [input, result, operand].every(hasCodes))
}

/** Of codes: resizes, say, have nothing but codes. */
function hasFloatsBefore(operation: Operation): boolean {
  if (isWeighted(operation)) return operation.arithmetic === 'integer'
  return isUnary(operation) || isBinary(operation)
}
