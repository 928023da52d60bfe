import { connections, type Graph, type Node, sameQuantization, type Tensor } from '../graph.js'
import type { Activation } from '../operation.js'

const activations: ReadonlySet<string> = new Set<Activation>(['relu', 'relu6', 'relu_n1_to_1'])

/**
 * A clamp of a concatenation becomes a clamp of each of its inputs, where they are read by nothing else: there it goes
 * into the layers that make them, and the concatenation has nothing left to compute.
 */
export function sinkActivation(graph: Graph): Graph {
  const { producer, uses } = connections(graph)
  const sunk = new Map<Node, Node[]>()
  const nodes: Node[] = []
  for (const node of graph.nodes) {
    const [input] = node.inputs
    const concat = input && producer.get(input)
    const fits =
      concat?.operation.op === 'concat' &&
      concat.operation.activation === 'none' &&
      activations.has(node.operation.op) &&
      uses(input!) === 1 &&
      concat.inputs.every((part) => producer.has(part) && uses(part) === 1) &&
      [...concat.inputs, node.outputs[0]!].every((part) => sameQuantization(part, input!))
    if (!fits) {
      nodes.push(node)
      continue
    }
    const clamps = concat.inputs.map((part, i): Node => {
      const output: Tensor = { ...part, name: `${node.name}/${i}` }
      return { name: output.name, operation: node.operation, inputs: [part], outputs: [output] }
    })
    const parts = clamps.map(({ outputs }) => outputs[0]!)
    sunk.set(concat, [...clamps, { ...concat, inputs: parts, outputs: node.outputs }])
  }
  return { ...graph, nodes: nodes.flatMap((node) => sunk.get(node) ?? [node]) }
}
