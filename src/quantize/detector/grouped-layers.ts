import { elements } from '../../graph/geometry.js'
import type { Graph } from '../../graph/graph.js'
import { type FloatLayer, floatLayer } from './float-layer.js'

/** Smaller layers would save nothing worth a loss. */
const LEAST_WEIGHTS = 1024

/**
 * The layers whose weights become codes of 4 or 2 bits: matrix products of 1,024 weights or more. Depthwise filters, of a
 * few weights an output, and what reads the network's inputs are small and sensitive: those get 8 bits.
 */
export function groupedLayers(graph: Graph, keep: ReadonlySet<string>): FloatLayer[] {
  return graph.nodes.flatMap((node) => {
    const layer = keep.has(node.name) ? undefined : floatLayer(node)
    return layer && isGrouped(graph, layer) ? [layer] : []
  })
}

function isGrouped(graph: Graph, { operation, weights, x }: FloatLayer): boolean {
  return (
    operation.op !== 'depthwise_conv2d' &&
    elements(weights.shape) >= LEAST_WEIGHTS &&
    !graph.inputs.includes(x)
  )
}
