import type { FusedStep, Graph, Node, Tensor } from './graph.js'

/**
 * The nodes that a fused node stands for, in order: what it computes is by definition what these compute. Passes are
 * tested by it, and kernels may be.
 */
export function unfuse(node: Node): Node[] {
  const { inputScale, fused = [], ...plain } = node
  const nodes: Node[] = []
  let { inputs } = plain
  if (inputScale) {
    const { name, operand, operandFirst, output } = inputScale
    const pair = operandFirst ? [operand, inputs[0]!] : [inputs[0]!, operand]
    nodes.push({ name, operation: { op: 'mul', activation: 'none' }, inputs: pair, outputs: [output] })
    inputs = [output, ...inputs.slice(1)]
  }
  // Each step reads what the step before it made, and the last makes the node's output.
  const made = [...fused.map(({ input }) => [input]), node.outputs]
  nodes.push({ ...plain, inputs, outputs: made[0]! })
  fused.forEach((step, i) => {
    nodes.push({ name: step.name, operation: step.operation, inputs: operands(step), outputs: made[i + 1]! })
  })
  return nodes
}

function operands({ input, operand, operandFirst }: FusedStep): Tensor[] {
  if (!operand) return [input]
  return operandFirst ? [operand, input] : [input, operand]
}

/** The graph with nothing fused. */
export function unfuseGraph(graph: Graph): Graph {
  return { ...graph, nodes: graph.nodes.flatMap(unfuse) }
}
