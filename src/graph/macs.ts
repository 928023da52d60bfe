import { elements } from './geometry.js'
import type { Graph, Node, Tensor } from './graph.js'

/** Multiply-adds of a graph's layers with weights; everything else is a rounding error beside them. */
export function multiplyAdds(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + nodeMultiplyAdds(node), 0)
}

/** Of one node: each weight is used once for every pixel that its output has; padding counts. */
export function nodeMultiplyAdds({ operation, inputs, outputs }: Node): number {
  const [x, weights] = inputs as readonly [Tensor, Tensor | undefined]
  const [output] = outputs as readonly [Tensor]
  switch (operation.op) {
    case 'conv2d':
    case 'depthwise_conv2d':
      return (elements(output.shape) / output.shape[3]!) * elements(weights!.shape)
    case 'transpose_conv2d':
      return (elements(x.shape) / x.shape[3]!) * elements(weights!.shape)
    case 'fully_connected':
      return elements(x.shape) * weights!.shape[0]!
    default:
      return 0
  }
}
