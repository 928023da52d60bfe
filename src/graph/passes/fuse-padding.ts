import { connections, type Graph, type Node, sameQuantization, type Tensor } from '../graph.js'
import type { Pad } from '../operation.js'

/** Zeros around an image become the padding of the convolution that reads it: nothing is copied. */
export function fusePadding(graph: Graph): Graph {
  const { producer } = connections(graph)
  const nodes = graph.nodes.map((node): Node => {
    const { operation } = node
    if (operation.op !== 'conv2d' && operation.op !== 'depthwise_conv2d') return node
    const pad = producer.get(node.inputs[0]!)
    if (pad?.operation.op !== 'pad' || !isImagePadding(pad.operation)) return node
    const [image] = pad.inputs as readonly [Tensor]
    // In codes the padding is the zero point of what the convolution reads.
    if (!sameQuantization(image, node.inputs[0]!)) return node
    const { before, after } = pad.operation
    const { top, left, bottom, right } = operation.pad
    return {
      ...node,
      inputs: [image, ...node.inputs.slice(1)],
      operation: {
        ...operation,
        pad: {
          top: top + before[1]!,
          left: left + before[2]!,
          bottom: bottom + after[1]!,
          right: right + after[2]!,
        },
      },
    }
  })
  return { ...graph, nodes }
}

function isImagePadding({ before, after, value }: Pad): boolean {
  const onlyImage = [0, 3].every((axis) => before[axis] === 0 && after[axis] === 0)
  return value === 0 && before.length === 4 && onlyImage
}
