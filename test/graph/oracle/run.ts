// The oracle of the graph: every node in plain loops, sums in float64 (exact for integers), each tensor rounded to its
// type. Quantized arithmetic is LiteRT's (XNNPACK's; research/detection.md 2.5). It is there to be obvious, not fast.
import { evaluate } from '../../../src/graph/evaluate.js'
import type { Graph, Node, Tensor, TensorType, Values } from '../../../src/graph/graph.js'
import { isWeighted } from '../../../src/graph/operation.js'
import { unfuse } from '../../../src/graph/unfuse.js'
import { readValues } from '../../../src/graph/values.js'
import { floatOperation } from './float.js'
import { layer } from './layers.js'
import { postprocess } from './postprocess.js'
import { quantizedOperation } from './quantized.js'

export interface Operand {
  readonly type: TensorType
  readonly values: Values
}

/** Runs a graph on the values of its inputs, in the model's order, and returns its outputs. */
export function run(graph: Graph, inputs: readonly Values[]): Values[] {
  const known = new Map<Tensor, Values>(graph.inputs.map((tensor, i) => [tensor, inputs[i]!]))
  const valuesOf = (tensor: Tensor): Values => {
    const values = known.get(tensor)
    if (values) return values
    if (!tensor.constant) throw new Error(`${tensor.name} is read before it is made`)
    const constant = readValues(tensor)
    known.set(tensor, constant)
    return constant
  }
  const lastReader = new Map<Tensor, Node>()
  const nodes = graph.nodes.flatMap(unfuse)
  for (const node of nodes) for (const tensor of node.inputs) lastReader.set(tensor, node)
  for (const node of nodes) {
    const operands = node.inputs.map((tensor) => ({ type: tensor, values: valuesOf(tensor) }))
    const results = compute(node, operands)
    node.outputs.forEach((tensor, i) => {
      known.set(tensor, results[i]!)
    })
    for (const tensor of node.inputs) {
      if (lastReader.get(tensor) === node && !graph.outputs.includes(tensor)) known.delete(tensor)
    }
  }
  return graph.outputs.map(valuesOf)
}

function compute({ name, operation, outputs }: Node, operands: readonly Operand[]): Values[] {
  if (isWeighted(operation)) return [layer(operation, operands, outputs[0]!)]
  if (operation.op === 'detection_postprocess') return postprocess(operation, operands)
  const results =
    evaluate(operation, operands, outputs) ??
    quantizedOperation(operation, operands, outputs) ??
    floatOperation(operation, operands, outputs)
  if (!results) throw new Error(`${name}: the oracle has no ${operation.op}`)
  return results
}
