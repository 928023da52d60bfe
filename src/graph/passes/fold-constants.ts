import { evaluate } from '../evaluate.js'
import { elements } from '../geometry.js'
import type { Graph, Node, Tensor, Values } from '../graph.js'
import { isWeighted } from '../operation.js'
import { readValues } from '../values.js'
import { replaceTensors } from './replace.js'

/** What is read and made together, over the whole graph: 256 MiB of float32. Beyond it nodes stay nodes. */
const maxElements = 1 << 26

/**
 * Computes what depends on constants only, in one sweep. float16 weights are the exception: their widening is dropped
 * and the layer reads them as they are in the file, since every kernel widens them itself.
 */
export function foldConstants(graph: Graph): Graph {
  const replaced = new Map<Tensor, Tensor>()
  const stored = new Map<Tensor, Tensor>()
  const nodes: Node[] = []
  let left = maxElements
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((tensor, i) =>
      isWeighted(node.operation) && i === 1 && node.operation.arithmetic === 'float'
        ? (stored.get(tensor) ?? replaced.get(tensor) ?? tensor)
        : (replaced.get(tensor) ?? tensor),
    )
    const current = { ...node, inputs }
    if (node.operation.op === 'dequantize' && inputs[0]!.constant) stored.set(node.outputs[0]!, inputs[0]!)
    const cost = [...inputs, ...node.outputs].reduce((sum, { shape }) => sum + elements(shape), 0)
    const foldable = inputs.every(({ constant }) => constant !== undefined) && cost <= left
    const values = foldable ? constantOutputs(current) : undefined
    if (foldable) left -= cost
    if (!values) {
      nodes.push(current)
      continue
    }
    node.outputs.forEach((tensor, i) => {
      replaced.set(tensor, { ...tensor, constant: { kind: 'values', values: values[i]! } })
    })
  }
  return replaceTensors({ ...graph, nodes }, replaced)
}

function constantOutputs({ operation, inputs, outputs }: Node): Values[] | undefined {
  const known = inputs.map((tensor) => ({ type: tensor, values: readValues(tensor) }))
  return evaluate(operation, known, outputs)
}
