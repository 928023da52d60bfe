import { connections, type Graph, type Node, sameQuantization } from '../graph.js'
import type { Activation } from '../operation.js'

const activations: ReadonlySet<string> = new Set<Activation>(['relu', 'relu6', 'relu_n1_to_1'])

/**
 * A clamp after a node becomes that node's activation. In a quantized graph only where the codes mean the same before and
 * after it: else the clamp also converts, and becomes a fused step (fuse-steps.ts).
 */
export function fuseActivation(graph: Graph): Graph {
  const { producer, uses } = connections(graph)
  const merged = new Map<Node, Node>()
  const nodes: Node[] = []
  for (const node of graph.nodes) {
    const [input] = node.inputs
    const before = input && producer.get(input)
    const fits =
      before &&
      activations.has(node.operation.op) &&
      'activation' in before.operation &&
      before.operation.activation === 'none' &&
      !before.fused &&
      uses(input) === 1 &&
      sameQuantization(input, node.outputs[0]!)
    if (!fits) {
      nodes.push(node)
      continue
    }
    const activation = node.operation.op as Activation
    merged.set(before, {
      ...before,
      operation: { ...before.operation, activation } as Node['operation'],
      outputs: node.outputs,
    })
  }
  return { ...graph, nodes: nodes.map((node) => merged.get(node) ?? node) }
}
