import { connections, type Graph, type Node, sameQuantization, type Tensor } from '../graph.js'
import { isWeighted, type Operation } from '../operation.js'

/** Operations whose kernels write rows of channels at any distance. */
function writesViews({ op }: Operation): boolean {
  return (
    op === 'resize_bilinear' ||
    op === 'resize_nearest' ||
    op === 'max_pool2d' ||
    op === 'average_pool2d' ||
    op === 'add' ||
    op === 'mul'
  )
}

/**
 * Marks what need not be copied: an input of a concatenation over channels whose producer can write into its channels of
 * the output. A tensor has one place, so that the first concatenation to want it has it; outputs of the graph and
 * tensors whose codes mean something else stay where they are.
 */
export function markConcatViews(graph: Graph): Graph {
  const { producer } = connections(graph)
  const placed = new Set<Tensor>(graph.outputs)
  const nodes = graph.nodes.map((node): Node => {
    const { operation } = node
    if (operation.op !== 'concat') return node
    const [output] = node.outputs as readonly [Tensor]
    const overChannels = output.shape.length === 4 && operation.axis === 3 && operation.activation === 'none'
    const views = node.inputs.map((input) => {
      const made = producer.get(input)
      const fits =
        overChannels &&
        made !== undefined &&
        (isWeighted(made.operation) || writesViews(made.operation)) &&
        !placed.has(input) &&
        sameQuantization(input, output)
      if (fits) placed.add(input)
      return fits
    })
    return { ...node, operation: { ...operation, views } }
  })
  return { ...graph, nodes }
}
