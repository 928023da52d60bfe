import type { Graph, Node, Tensor } from '../graph.js'

/** The graph with every reading of some tensors turned into a reading of others. Run before anything is fused. */
export function replaceTensors(graph: Graph, replaced: ReadonlyMap<Tensor, Tensor>): Graph {
  if (replaced.size === 0) return graph
  const now = (tensor: Tensor): Tensor => replaced.get(tensor) ?? tensor
  const nodes = graph.nodes.map((node): Node => {
    if (!node.inputs.some((tensor) => replaced.has(tensor))) return node
    return { ...node, inputs: node.inputs.map(now) }
  })
  return { ...graph, nodes, outputs: graph.outputs.map(now) }
}
