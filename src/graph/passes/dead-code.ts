import { type Graph, type Node, type Tensor, tensorsRead } from '../graph.js'

/** Drops the nodes of which nothing comes out. Inputs stay, read or not: callers give all of them. */
export function dropDeadCode(graph: Graph): Graph {
  const needed = new Set<Tensor>(graph.outputs)
  const nodes: Node[] = []
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue
    for (const tensor of tensorsRead(node)) needed.add(tensor)
    nodes.push(node)
  }
  return { ...graph, nodes: nodes.reverse() }
}
